import { RestError, type BlockBlobClient } from '@azure/storage-blob';
import type { BindingOptions } from '../binding-options';
import { blobService } from '../clients';
import { HostError } from '../errors';
import type { InputBinding, OutputBinding } from './binding';
import { resolveExpressions, type BindingData } from './expressions';
import { contentOf } from './values';

interface Place {
  container: string;
  blob: string;
}

function placeOf(path: string, where: string): Place {
  const [, container, blob] = /^([^/]+)\/(.+)$/.exec(path) ?? [];
  if (!container || !blob) {
    throw new HostError(`${where}: the blob path "${path}" must be container/name.`);
  }
  return { container, blob };
}

/** The whole blob as bytes, as text where `dataType` is string; a blob that does not exist is undefined. */
export async function blobInput(options: BindingOptions): Promise<InputBinding> {
  const at = clientOf(options);
  const asText = options.text('dataType')?.toLowerCase() === 'string';
  return {
    async read(data) {
      try {
        const bytes = await at(data).blob.downloadToBuffer();
        return asText ? { string: bytes.toString('utf8') } : { bytes };
      } catch (error) {
        if (error instanceof RestError && error.statusCode === 404) return undefined;
        throw error;
      }
    },
  };
}

/** Makes the container when it is missing, as Azure does, and replaces the blob. */
export async function blobOutput(options: BindingOptions): Promise<OutputBinding> {
  const at = clientOf(options);
  return {
    async write(value, data) {
      const { blob, createContainer } = at(data);
      const content = contentOf(value);
      const upload = async (): Promise<unknown> => blob.upload(content, Buffer.byteLength(content));
      try {
        await upload();
      } catch (error) {
        if (!(error instanceof RestError) || error.code !== 'ContainerNotFound') throw error;
        await createContainer();
        await upload();
      }
    },
  };
}

function clientOf(
  options: BindingOptions,
): (data: BindingData) => { blob: BlockBlobClient; createContainer(): Promise<unknown> } {
  const service = blobService(options.connection('blobs', 'Storage'));
  const path = options.required('path');
  placeOf(path, options.where);
  return (data) => {
    const { container, blob } = placeOf(resolveExpressions(path, data), options.where);
    const client = service.getContainerClient(container);
    return { blob: client.getBlockBlobClient(blob), createContainer: () => client.createIfNotExists() };
  };
}
