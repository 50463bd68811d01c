import type { AnchorName, AnchorStore } from '../audit';
import { classifyAzureError } from './classify';
import type { Azure } from './clients';

/** The name of a published note's blob: names sort by number. */
export const anchorPath = ({ tenantId, year, seq }: AnchorName): string =>
  `${tenantId}/${year}/${String(seq).padStart(12, '0')}`;

/** `audit-checkpoints`, whose policy keeps every blob as it was written. */
export function createAnchorStore(azure: Azure): AnchorStore {
  const container = () => azure.blobContainer('audit-checkpoints');
  const folders = async (prefix: string): Promise<string[]> => {
    const names: string[] = [];
    for await (const { kind, name } of (await container()).listBlobsByHierarchy('/', { prefix }))
      if (kind === 'prefix') names.push(name.slice(prefix.length, -1));
    return names;
  };

  return {
    async publish(name, note) {
      const body = Buffer.from(note, 'utf8');
      const blob = (await container()).getBlockBlobClient(anchorPath(name));
      try {
        await blob.upload(body, body.length, {
          conditions: { ifNoneMatch: '*' },
          blobHTTPHeaders: { blobContentType: 'text/plain; charset=utf-8' },
        });
        return 'created';
      } catch (error) {
        // By its condition, or by the policy that keeps what is there: which of them is looked at first is not said.
        if (['conflict', 'precondition'].includes(classifyAzureError(error).kind)) return 'exists';
        throw error;
      }
    },
    async read(name) {
      const blob = (await container()).getBlockBlobClient(anchorPath(name));
      try {
        return (await blob.downloadToBuffer()).toString('utf8');
      } catch (error) {
        if (classifyAzureError(error).kind === 'not-found') return undefined;
        throw error;
      }
    },
    async newestFrom(name) {
      const path = anchorPath(name);
      const prefix = path.slice(0, -2);
      let newest: string | undefined;
      for await (const blob of (await container()).listBlobsFlat({ prefix }))
        if (blob.name >= path) newest = blob.name;
      return newest === undefined ? undefined : Number(newest.slice(newest.lastIndexOf('/') + 1));
    },
    tenants: () => folders(''),
    years: (tenantId) => folders(`${tenantId}/`),
  };
}
