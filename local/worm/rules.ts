/**
 * Version-level immutability as documented
 * (https://learn.microsoft.com/azure/storage/blobs/immutable-version-level-worm-policies), for the one version that a
 * blob has here.
 */
import type { Operation } from './operation';

export interface Policy {
  until: number;
  mode: 'unlocked' | 'locked';
}

export interface Protection {
  policy?: Policy;
  /** Absent until it was set for the first time. */
  legalHold?: boolean;
}

/** What a container gives to every blob that is uploaded without a policy of its own. */
export interface DefaultPolicy {
  days: number;
  mode: Policy['mode'];
}

export interface ContainerSettings {
  immutableStorageWithVersioning: boolean;
  defaultPolicy?: DefaultPolicy;
}

export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

const dueToPolicy = () =>
  new Refusal(
    409,
    'BlobImmutableDueToPolicy',
    'This operation is not permitted as the blob is immutable due to a policy.',
  );

const dueToLegalHold = () =>
  new Refusal(
    409,
    'BlobImmutableDueToLegalHold',
    'This operation is not permitted as the blob is immutable due to one or more legal holds.',
  );

const badHeader = (message: string) => new Refusal(400, 'InvalidHeaderValue', message);

export function refusalOf(operation: Operation, protection: Protection, now: number): Refusal | undefined {
  const changes = ['write', 'change', 'setMetadata', 'delete'].includes(operation);
  if (!changes) return undefined;
  if (protection.legalHold) return dueToLegalHold();
  const { policy } = protection;
  if (!policy) return undefined;
  if (policy.until > now) return dueToPolicy();
  // After its end a blob may be deleted or written anew, but still not be changed in place.
  return operation === 'change' || operation === 'setMetadata' ? dueToPolicy() : undefined;
}

type Header = (name: string) => string | undefined;
const UNTIL = 'x-ms-immutability-policy-until-date';
const MODE = 'x-ms-immutability-policy-mode';
const HOLD = 'x-ms-legal-hold';

export function policyOf(header: Header, now: number): Policy | undefined {
  const date = header(UNTIL);
  const mode = header(MODE)?.toLowerCase() ?? 'unlocked';
  if (mode !== 'unlocked' && mode !== 'locked')
    throw badHeader(`${MODE} must be unlocked or locked, not ${mode}.`);
  if (date === undefined) {
    if (header(MODE) !== undefined) throw badHeader(`${MODE} needs ${UNTIL}.`);
    return undefined;
  }
  const until = Date.parse(date);
  if (Number.isNaN(until)) throw badHeader(`${UNTIL} must be a date as in RFC 1123.`);
  if (until <= now) throw badHeader(`${UNTIL} must be in the future.`);
  return { until, mode };
}

export function legalHoldOf(header: Header): boolean | undefined {
  const value = header(HOLD)?.toLowerCase();
  if (value === undefined) return undefined;
  if (value !== 'true' && value !== 'false') throw badHeader(`${HOLD} must be true or false.`);
  return value === 'true';
}

/** What an upload is protected by: what it says itself, else the container's default. */
export function protectionOfUpload(header: Header, container: ContainerSettings, now: number): Protection {
  const own = policyOf(header, now);
  const legalHold = legalHoldOf(header);
  if ((own || legalHold !== undefined) && !container.immutableStorageWithVersioning) throw notEnabled();
  const { defaultPolicy } = container;
  const policy =
    own ?? (defaultPolicy && { until: now + defaultPolicy.days * DAY_MS, mode: defaultPolicy.mode });
  return { ...(policy ? { policy } : {}), ...(legalHold === undefined ? {} : { legalHold }) };
}

const DAY_MS = 86_400_000;

/** The service's own code for this is not documented. */
export const notEnabled = (): Refusal =>
  new Refusal(
    409,
    'ImmutableStorageWithVersioningNotEnabled',
    'The container has no support for version-level immutability. Enable it for the container first.',
  );

/** An unlocked policy can be changed at will, a locked one only be extended. */
export function changedPolicy(current: Policy | undefined, wanted: Policy): Policy {
  if (current?.mode === 'locked' && (wanted.mode !== 'locked' || wanted.until < current.until)) {
    throw dueToPolicy();
  }
  return wanted;
}

export function checkPolicyRemoval(current: Policy | undefined): void {
  if (current?.mode === 'locked') throw dueToPolicy();
}

/** Support for immutability is for ever; a locked default can only grow. */
export function changedSettings(current: ContainerSettings, wanted: ContainerSettings): ContainerSettings {
  if (current.immutableStorageWithVersioning && !wanted.immutableStorageWithVersioning) {
    throw new Refusal(
      409,
      'Conflict',
      'Version-level immutability of a container cannot be switched off again.',
    );
  }
  const [now, next] = [current.defaultPolicy, wanted.defaultPolicy];
  if (now?.mode === 'locked' && (next?.mode !== 'locked' || next.days < now.days)) {
    throw new Refusal(409, 'Conflict', 'A locked default policy can only be extended.');
  }
  return wanted;
}

export const protectionHeaders = ({ policy, legalHold }: Protection): [string, string][] => [
  ...(policy
    ? ([
        [UNTIL, new Date(policy.until).toUTCString()],
        [MODE, policy.mode],
      ] as [string, string][])
    : []),
  ...(legalHold === undefined ? [] : ([[HOLD, String(legalHold)]] as [string, string][])),
];

/** List Blobs with include=immutabilitypolicy,legalhold: elements of each blob's Properties. */
export function protectionElements({ policy, legalHold }: Protection, include: readonly string[]): string {
  return [
    ...(policy && include.includes('immutabilitypolicy')
      ? [
          `<ImmutabilityPolicyUntilDate>${new Date(policy.until).toUTCString()}</ImmutabilityPolicyUntilDate>`,
          `<ImmutabilityPolicyMode>${policy.mode}</ImmutabilityPolicyMode>`,
        ]
      : []),
    ...(legalHold !== undefined && include.includes('legalhold')
      ? [`<LegalHold>${String(legalHold)}</LegalHold>`]
      : []),
  ].join('');
}
