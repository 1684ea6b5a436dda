// Makes a corpus of any size with the statistics of English prose, for measuring big libraries; nothing of it is meant to be read. Seeded: the
// same numbers give the same bytes.
// usage: node scripts/make-corpus.mjs PASSAGES OUT.jsonl [QUESTIONS OUT.jsonl] [SEED]      lines {title, text}, and {prompt, options, passage}
//   - Words follow Zipf-Mandelbrot, p(rank) ~ 1 / (rank + 2.7)^1.05, over a vocabulary that never ends in practice (2 million), so that a
//     longer corpus keeps finding new ones (Heaps). The 33 most frequent are English stop words, the rest are made of syllables.
//   - A passage of 30-90 words has one topic of 3,000; a third of its words are drawn by Zipf from the topic's 400 own ones, which topics
//     share (a word belongs to 20 on average): so words come in bursts and keep company, as they do in texts (a topic mixture).
//   - A question is about one passage: its prompt has a third of that passage's words, its five options words of the topic.
import { createWriteStream } from 'node:fs'
import { once } from 'node:events'

const [passageCount, out, questionCount = '0', questionsOut, seed = '1'] = process.argv.slice(2)
if (!out || !(Number(passageCount) > 0)) {
  console.error('usage: node scripts/make-corpus.mjs PASSAGES OUT.jsonl [QUESTIONS OUT.jsonl] [SEED]')
  process.exit(2)
}
const VOCABULARY = 2_000_000
const TOPICS = 3_000
const TOPIC_WORDS = 400
const CONTENT_WORDS = 60_000

/** mulberry32: https://github.com/bryc/code/blob/master/jshash/PRNGs.md */
let state = Number(seed) >>> 0
function random() {
  state = (state + 0x6d2b79f5) >>> 0
  let t = Math.imul(state ^ (state >>> 15), state | 1)
  t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}
const below = (n) => Math.floor(random() * n)

/** Draws ranks from p(rank) ~ 1 / (rank + shift)^power, from `first` on, by inverting the sum of probabilities. */
function zipf(size, first, shift, power) {
  const sums = new Float64Array(size + 1)
  for (let rank = 0; rank < size; rank++) sums[rank + 1] = sums[rank] + (rank + first + shift) ** -power
  return () => {
    const wanted = random() * sums[size]
    let low = 0
    let high = size
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (sums[middle] <= wanted) low = middle
      else high = middle
    }
    return low + first
  }
}

const STOP_WORDS =
  'the of and to in a is that for it as was with be by on not are this but at they or an if such will no their there then these into'.split(
    ' ',
  )
const ONSETS = [
  'b',
  'c',
  'd',
  'f',
  'g',
  'h',
  'l',
  'm',
  'n',
  'p',
  'r',
  's',
  't',
  'v',
  'br',
  'cr',
  'tr',
  'pl',
  'st',
  'sp',
  'th',
  'ch',
  'ph',
  'gr',
]
const VOWELS = ['a', 'e', 'i', 'o', 'u', 'ea', 'io']
const CODAS = ['', '', '', 'n', 'r', 's', 'l', 't', 'm', 'x']
const ENDINGS = ['', '', 'on', 'ic', 'al', 'in', 'or', 'us', 'yl', 'os']
/** The word of a rank: short for frequent ones, and another for every rank. */
function wordOf(rank) {
  if (rank < STOP_WORDS.length) return STOP_WORDS[rank]
  let word = ''
  for (let left = rank; left > 0;) {
    word += ONSETS[left % ONSETS.length]
    left = Math.floor(left / ONSETS.length)
    word += VOWELS[left % VOWELS.length]
    left = Math.floor(left / VOWELS.length)
    word += CODAS[(left * 7 + rank) % CODAS.length]
    left = Math.floor(left / 4)
  }
  return word + ENDINGS[rank % ENDINGS.length]
}

const anyRank = zipf(VOCABULARY, 0, 2.7, 1.05)
const contentRank = zipf(CONTENT_WORDS, 100, 2.7, 0.7)
const place = zipf(TOPIC_WORDS, 0, 2.7, 1)
const topics = Array.from({ length: TOPICS }, () => Uint32Array.from({ length: TOPIC_WORDS }, contentRank))
const topicOf = zipf(TOPICS, 0, 50, 0.7)
const topicRank = (topic) => topics[topic][place()]

function passage() {
  const topic = topicOf()
  const words = []
  for (let left = 30 + below(61), sentence = 0; left > 0; left--) {
    let word = wordOf(random() < 0.5 ? anyRank() : random() < 0.4 ? below(STOP_WORDS.length) : topicRank(topic))
    if (sentence === 0) word = word[0].toUpperCase() + word.slice(1)
    sentence = sentence > 5 && random() < 0.07 ? 0 : sentence + 1
    words.push(sentence === 0 || left === 1 ? word + '.' : word)
  }
  return { topic, text: words.join(' ') }
}

async function write(path, count, lineOf) {
  const stream = createWriteStream(path)
  for (let i = 0; i < count; i++) if (!stream.write(JSON.stringify(lineOf(i)) + '\n')) await once(stream, 'drain')
  stream.end()
  await once(stream, 'finish')
}

const asked = new Map()
for (let i = 0; i < Number(questionCount); i++) asked.set(below(Number(passageCount)), null)
await write(out, Number(passageCount), (i) => {
  const { topic, text } = passage()
  if (asked.has(i)) asked.set(i, { topic, text })
  return { title: `${wordOf(topics[topic][0])} ${wordOf(topics[topic][1])}`, text }
})
if (questionsOut) {
  const questions = [...asked]
    .sort(([a], [b]) => a - b)
    .map(([i, { topic, text }]) => {
      const words = text.toLowerCase().replaceAll('.', '').split(' ').filter(() => random() < 1 / 3) // prettier-ignore
      const options = Array.from({ length: 5 }, () => Array.from({ length: 3 + below(5) }, () => wordOf(random() < 0.4 ? anyRank() : topicRank(topic))).join(' ')) // prettier-ignore
      return { prompt: words.join(' ') + '?', options, passage: i }
    })
  await write(questionsOut, questions.length, (i) => questions[i])
}
