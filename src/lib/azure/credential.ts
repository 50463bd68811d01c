import type { TokenCredential } from '@azure/identity';
import type { IdentityConnection } from '../config';

/** `managedidentity` is exactly that; anything else is whatever the machine has. */
export function credentialOf({ credential, clientId }: IdentityConnection): TokenCredential {
  const { DefaultAzureCredential, ManagedIdentityCredential } =
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded when first used, as the other SDKs are
    require('@azure/identity') as typeof import('@azure/identity');
  if (credential?.toLowerCase() !== 'managedidentity') return new DefaultAzureCredential();
  return clientId === undefined
    ? new ManagedIdentityCredential()
    : new ManagedIdentityCredential({ clientId });
}
