// The question that a compiled model is tested with on every device, as models/recipe/serve.py asks the embedded one. Written for this project.
import type { SelfTest } from '../types'

export const SELF_TEST_QUESTION: SelfTest['question'] = {
  prompt: 'Which process lets a plant store the energy of sunlight as sugar?',
  options: [
    'Photosynthesis',
    'Respiration in the mitochondria',
    'Transpiration of water from the leaves',
    'Germination',
    'Fermentation without oxygen',
  ],
  context:
    'In their chloroplasts, plants turn carbon dioxide and water into sugar and oxygen. The light reactions of photosynthesis capture the ' +
    'energy of sunlight; the Calvin cycle then stores it in the bonds of sugar. Respiration releases that energy again.',
}
