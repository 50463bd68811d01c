import type { OperationInput } from '@azure/cosmos';
import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import { withServices } from '../cli/services';
import type { Azure } from '../src/lib/azure';
import type { Call, MessageCalls } from './calls';

/**
 * The floor: receives with the SDK, makes the recorded requests, and nothing else. Runs as a process of its own and
 * sends its parent the time at which each message was finished.
 */
export async function bareLoop(dataDir: string, recordingFile: string, concurrency: number): Promise<void> {
  const recorded = deserialize(readFileSync(recordingFile)) as MessageCalls[];
  await withServices(dataDir, async ({ azure }) => {
    const client = await azure.serviceBusClient();
    const receiver = client.createReceiver('hl7-messages', { skipParsingBodyAsJson: true });
    const finished: number[] = [];
    await new Promise<void>((resolve, reject) => {
      receiver.subscribe(
        {
          async processMessage({ messageId }) {
            try {
              await makeCalls(azure, recorded[Number(messageId)] ?? []);
            } catch (error) {
              reject(error as Error);
            }
            finished.push(Date.now());
            if (finished.length === recorded.length) resolve();
          },
          async processError({ error }) {
            reject(error);
          },
        },
        { maxConcurrentCalls: concurrency },
      );
    });
    await receiver.close();
    process.send?.(finished);
  });
}

async function makeCalls(azure: Azure, groups: MessageCalls): Promise<void> {
  // By id within its partition: what this message has read or written.
  const etags = new Map<string, string>();
  for (const group of groups) await Promise.all(group.map((call) => makeCall(azure, call, etags)));
}

async function makeCall(azure: Azure, call: Call, etags: Map<string, string>): Promise<void> {
  if (call.kind === 'upload') {
    const { name, bytes } = call;
    const blob = (await azure.blobContainer(call.at)).getBlockBlobClient(name);
    await blob.upload(bytes, bytes.length, { conditions: { ifNoneMatch: '*' } });
    return;
  }
  const container = await azure.container(call.at);
  switch (call.kind) {
    case 'create': {
      const { etag } = await container.items.create(call.document, call.options);
      etags.set((call.document as { id: string }).id, etag);
      return;
    }
    case 'read': {
      const { resource } = await container.item(call.id, call.pk).read<{ _etag: string }>();
      if (resource) etags.set(call.id, resource._etag);
      return;
    }
    case 'query': {
      const options = { partitionKey: call.pk };
      const { resources } = await container.items
        .query<{ id: string; _etag: string }>(call.query, options)
        .fetchAll();
      for (const { id, _etag } of resources) etags.set(id, _etag);
      return;
    }
    case 'replace': {
      const condition = etags.get(call.id) ?? '';
      const accessCondition = { type: 'IfMatch', condition };
      await container.item(call.id, call.pk).replace(call.document, { ...call.options, accessCondition });
      return;
    }
    case 'batch': {
      const operations = call.operations.map((operation): OperationInput => {
        if (operation.operationType !== 'Replace') return operation;
        return { ...operation, ifMatch: etags.get(operation.id) ?? '' };
      });
      const { result = [] } = await container.items.batch(operations, call.pk);
      const failed = result.find(({ statusCode }) => statusCode >= 400);
      // In the pipeline, too, the first messages meet when they write the practitioner they share.
      if (failed && failed.statusCode !== 409 && failed.statusCode !== 412)
        throw new Error(`A batch of the bare loop failed with ${failed.statusCode}.`);
    }
  }
}
