import { app } from '@azure/functions';
import './functions/audit-api';
import './functions/audit-projector';
import './functions/audit-replay';
import './functions/audit-sealer';
import './functions/health';
import './functions/hl7-processor';
import './functions/hl7-webhook';

// A batch of 100 MB must not be in memory as a whole, on its way in or out.
app.setup({ enableHttpStream: true });
