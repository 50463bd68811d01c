import { Command } from 'commander';
import { deadLettersCommand } from './dead-letters';
import { listCommand } from './list';
import { sealCommand } from './seal';

export function auditCommand(): Command {
  return new Command('audit')
    .summary('the audit trail: read, seal, verify')
    .description('The audit trail: create-only, PHI sealed, provable.')
    .addCommand(listCommand())
    .addCommand(deadLettersCommand())
    .addCommand(sealCommand());
}
