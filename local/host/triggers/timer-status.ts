import { RestError } from '@azure/storage-blob';
import { blobService } from '../clients';
import type { Connection } from '../connections';

/** The names are those that Azure writes. */
export interface TimerStatus {
  Last: string;
  Next: string;
  LastUpdated: string;
}

export interface TimerStatusStore {
  read(functionName: string): Promise<TimerStatus | undefined>;
  write(functionName: string, status: TimerStatus): Promise<void>;
}

const CONTAINER = 'azure-webjobs-hosts';

/** Status blobs in the host's own storage, where Azure keeps them too. */
export async function blobTimerStatus(connection: Connection, hostId: string): Promise<TimerStatusStore> {
  const container = blobService(connection).getContainerClient(CONTAINER);
  await container.createIfNotExists();
  const blob = (functionName: string) =>
    container.getBlockBlobClient(`timers/${hostId}/${functionName}/status`);
  return {
    async read(functionName) {
      try {
        return JSON.parse((await blob(functionName).downloadToBuffer()).toString('utf8')) as TimerStatus;
      } catch (error) {
        if (error instanceof RestError && error.statusCode === 404) return undefined;
        throw error;
      }
    },
    async write(functionName, status) {
      const body = JSON.stringify(status);
      await blob(functionName).upload(body, Buffer.byteLength(body), {
        blobHTTPHeaders: { blobContentType: 'application/json' },
      });
    },
  };
}
