import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import * as path from 'node:path';
import * as z from 'zod';
import { MedrelayError } from '../errors';
import type { KeyWrap } from './ports';

const keyFileSchema = z.object({
  v: z.literal(1),
  /** The version that new data keys are wrapped under. Older versions stay, so that rotation rewrites no data. */
  current: z.string(),
  keys: z.record(z.string(), z.object({ created: z.string(), key: z.base64().length(44) })),
});
type KeyFile = z.infer<typeof keyFileSchema>;

const KEY_ID_PREFIX = 'file:';
/** Whether a stored data key was wrapped by a key file. */
export const isKeyFileId = (keyId: string): boolean => keyId.startsWith(KEY_ID_PREFIX);
/** AES-256 key wrap, RFC 3394, with its default initial value (section 2.2.3.1): unwrapping authenticates. */
const AES_KEY_WRAP = 'id-aes256-wrap';
const RFC3394_IV = Buffer.alloc(8, 0xa6);

/**
 * A key-encryption key in a file of one machine, made at first use. Whoever reads the file reads everything,
 * so it exists for development only; in Azure the key never leaves Key Vault.
 */
export function keyFileWrap(
  file: string,
  environment: string | undefined,
): KeyWrap & { readonly keyId: string } {
  if (environment !== 'Development') {
    throw new MedrelayError(
      'KEY_FILE_REFUSED',
      'A key file protects patient data only on a development machine. Set KEY_VAULT_URL here, or ' +
        'AZURE_FUNCTIONS_ENVIRONMENT=Development if this is a development machine.',
    );
  }
  let loaded: KeyFile | undefined;
  const held = (): KeyFile => (loaded ??= readKeyFile(file) ?? createKeyFile(file));
  // Opening makes no key: a file that is missing is then said to be.
  const known = (version: string, keys = loaded): Buffer | undefined => keys && keyOf(keys, version);
  const keyOf = (keys: KeyFile, version: string): Buffer | undefined => {
    const entry = Object.hasOwn(keys.keys, version) ? keys.keys[version] : undefined;
    return entry && Buffer.from(entry.key, 'base64');
  };

  const currentId = (): string => KEY_ID_PREFIX + held().current;

  return {
    get keyId() {
      return currentId();
    },
    async currentKeyId() {
      // Another process may have rotated since this one read the file.
      loaded = readKeyFile(file) ?? loaded;
      return Promise.resolve(currentId());
    },
    wrap(dataKey) {
      const { current } = held();
      const key = keyOf(held(), current);
      if (!key) return Promise.reject(damaged(file));
      const cipher = createCipheriv(AES_KEY_WRAP, key, RFC3394_IV);
      const wrapped = Buffer.concat([cipher.update(dataKey), cipher.final()]);
      return Promise.resolve({ keyId: KEY_ID_PREFIX + current, wrapped });
    },
    unwrap(keyId, wrapped) {
      const version = keyId.startsWith(KEY_ID_PREFIX) ? keyId.slice(KEY_ID_PREFIX.length) : '';
      // Another process may have rotated since this one read the file.
      const key = known(version) ?? known(version, (loaded = readKeyFile(file) ?? loaded));
      if (!key) {
        return Promise.reject(
          new MedrelayError(
            'KEY_KEEPER_MISSING',
            `The key file does not hold version "${version}". Restore the key file that belongs to this data.`,
          ),
        );
      }
      try {
        const decipher = createDecipheriv(AES_KEY_WRAP, key, RFC3394_IV);
        return Promise.resolve(Buffer.concat([decipher.update(wrapped), decipher.final()]));
      } catch (cause) {
        return Promise.reject(
          new MedrelayError(
            'KEY_UNWRAP_FAILED',
            'A stored data key was changed, or the key file belongs to other data. Restore the matching pair.',
            cause,
          ),
        );
      }
    },
  };
}

function readKeyFile(file: string): KeyFile | undefined {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new MedrelayError(
      'KEY_FILE_UNREADABLE',
      `The key file ${file} cannot be read. Check its owner.`,
      cause,
    );
  }
  // Windows keeps no POSIX mode; there the folder's ACL decides.
  if (process.platform !== 'win32' && (fs.statSync(file).mode & 0o077) !== 0) {
    throw new MedrelayError(
      'KEY_FILE_EXPOSED',
      `Others can read the key file ${file}. Run: chmod 600 "${file}"`,
    );
  }
  const parsed = keyFileSchema.safeParse(parseJson(text));
  if (!parsed.success) throw damaged(file);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function damaged(file: string): MedrelayError {
  return new MedrelayError(
    'KEY_FILE_DAMAGED',
    `The key file ${file} is not readable as a key file. Restore it from a copy: what it encrypted is lost without it.`,
  );
}

/** Two processes may start at once: both write, `link` lets exactly one in, and both read that one. */
function createKeyFile(file: string): KeyFile {
  const version = `k${randomUUID()}`;
  const keys: KeyFile = {
    v: 1,
    current: version,
    keys: { [version]: { created: new Date().toISOString(), key: randomBytes(32).toString('base64') } },
  };
  const folder = path.dirname(file);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const draft = path.join(folder, `.${path.basename(file)}.${randomUUID()}`);
  const handle = fs.openSync(draft, 'wx', 0o600);
  try {
    fs.writeSync(handle, `${JSON.stringify(keys, null, 2)}\n`);
    fs.fsyncSync(handle);
    fs.linkSync(draft, file);
    syncFolder(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  } finally {
    fs.closeSync(handle);
    fs.unlinkSync(draft);
  }
  const stored = readKeyFile(file);
  if (!stored) throw damaged(file);
  return stored;
}

/** The name must survive a power cut as well as the bytes: data encrypted under a lost key is lost. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
}
