import './functions/audit-replay';
import './functions/health';
import './functions/hl7-processor';
import './functions/hl7-webhook';
