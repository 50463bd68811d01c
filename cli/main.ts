import { Command, CommanderError } from 'commander';
import { describeError } from './describe-error';
import { auditCommand } from './commands/audit';
import { convertCommand } from './commands/convert';
import { fhirCommand } from './commands/fhir';
import { keysCommand } from './commands/keys';
import { localCommand } from './commands/local';
import { messagesCommand } from './commands/messages';
import { mllpCommand } from './commands/mllp';
import { sendCommand } from './commands/send';
import { startCommand, statusCommand, stopCommand } from './commands/stack';

/** Exit codes: 0 all went well, 1 something failed or was rejected, 2 the command line is wrong. */
const program = new Command('medrelay')
  .description('HL7 v2 in, FHIR R4 out, every touch audited.')
  .showHelpAfterError('Add --help to see what this command takes.')
  .addCommand(startCommand())
  .addCommand(stopCommand())
  .addCommand(statusCommand())
  .addCommand(convertCommand())
  .addCommand(sendCommand())
  .addCommand(mllpCommand())
  .addCommand(messagesCommand())
  .addCommand(fhirCommand())
  .addCommand(auditCommand())
  .addCommand(keysCommand())
  .addCommand(localCommand());

function exitOnUsage(command: Command): void {
  command.exitOverride();
  command.commands.forEach(exitOnUsage);
}
exitOnUsage(program);

// `medrelay convert ... | head` closes the pipe early: that is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  throw error;
});

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    return;
  }
  console.error(`medrelay: ${describeError(error)}`);
  // Places only: the text of an error may quote a patient.
  if (process.env['MEDRELAY_DEBUG'] && error instanceof Error)
    console.error(error.stack?.match(/^ {4}at .*$/gm)?.join('\n'));
  process.exitCode = 1;
});
