// The command line: the same jobs as the page, from a terminal. Exit code 0 done, 1 failed, 2 wrong usage; errors on standard error.
import { Command, CommanderError } from 'commander'
import { AppError } from '../core/errors'
import { addAsk } from './ask'
import { addBench } from './bench'
import { addCompile } from './compile'
import { addEmbed } from './embed'
import { addEvaluate } from './evaluate'
import { addIndex } from './index-command'
import { addScore } from './score'

const interrupt = new AbortController()
process.once('SIGINT', () => {
  interrupt.abort()
})

const program = new Command('pagewise')
  .description('Answers multiple-choice questions with a small model on this machine.')
  .configureHelp({ showGlobalOptions: true })
  .exitOverride()
addScore(program, interrupt.signal)
addAsk(program, interrupt.signal)
addEvaluate(program, interrupt.signal)
addBench(program, interrupt.signal)
addCompile(program, interrupt.signal)
addIndex(program, interrupt.signal)
addEmbed(program, interrupt.signal)
for (const command of program.commands) command.exitOverride()

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = exitCode(error)
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  if (!(error instanceof AppError)) {
    console.error(error)
    return 1
  }
  console.error(`pagewise: ${error.message}`)
  if (error.code === 'aborted') return 130
  return error.code === 'usage' || error.code === 'library_unknown' ? 2 : 1
}
