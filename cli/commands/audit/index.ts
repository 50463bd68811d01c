import { Command } from 'commander';
import { deadLettersCommand } from './dead-letters';
import { exportCommand } from './export';
import { listCommand } from './list';
import { proofCommand } from './proof';
import { rebuildProjectionsCommand } from './rebuild-projections';
import { sealCommand } from './seal';
import { verifyCommand } from './verify';

export function auditCommand(): Command {
  return new Command('audit')
    .summary('the audit trail: read, seal, verify')
    .description('The audit trail: create-only, PHI sealed, provable.')
    .addCommand(listCommand())
    .addCommand(deadLettersCommand())
    .addCommand(sealCommand())
    .addCommand(verifyCommand())
    .addCommand(proofCommand())
    .addCommand(exportCommand())
    .addCommand(rebuildProjectionsCommand());
}
