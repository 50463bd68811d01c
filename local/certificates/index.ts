import { createPrivateKey, generateKeyPair, randomBytes, sign, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Certificates {
  /** The authority's certificate: what a client has to trust. */
  caFile: string;
  /** Of localhost and 127.0.0.1. */
  certFile: string;
  keyFile: string;
}

const day = 24 * 60 * 60 * 1000;
const authorityDays = 10 * 365;
/** Browsers and Apple's systems refuse certificates of servers that last longer. */
const serverDays = 397;
const renewBefore = 30 * day;

/**
 * A certificate authority of this data folder alone, and the certificate of its endpoints: made at first start, renewed
 * before they expire. Whoever holds the authority's key could pose as any server towards its clients, so the key never
 * leaves the folder and nothing installs the authority system-wide.
 */
export async function readCertificates(dir: string, now = Date.now()): Promise<Certificates> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = (name: string) => join(dir, name);
  const files = { caFile: file('ca.pem'), certFile: file('localhost.pem'), keyFile: file('localhost.key') };
  let authority = read(file('ca.pem'), file('ca.key'));
  if (!isGood(authority, now)) {
    // A name of its own: a client that trusts two stacks would check a certificate with the other one's key.
    const name = `Medrelay local stack ${randomBytes(4).toString('hex')}`;
    authority = await issue(name, undefined, authorityDays, now);
    write(file('ca.key'), authority.key);
    write(file('ca.pem'), authority.cert);
  }
  const server = read(files.certFile, files.keyFile);
  if (!isGood(server, now) || !isIssuedBy(server, authority)) {
    const renewed = await issue('localhost', authority, serverDays, now);
    write(files.keyFile, renewed.key);
    write(files.certFile, renewed.cert);
  }
  return files;
}

interface Pair {
  cert: string;
  key: string;
}

/** Both files, where both are there. */
function read(certFile: string, keyFile: string): Pair | undefined {
  try {
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all, and for its owner alone. */
function write(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, text, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
}

/** A damaged one is replaced like one that expires: nothing outside the folder depends on it. */
function isGood(pair: Pair | undefined, now: number): pair is Pair {
  if (pair === undefined) return false;
  try {
    const certificate = new X509Certificate(pair.cert);
    const matches = certificate.checkPrivateKey(createPrivateKey(pair.key));
    return matches && Date.parse(certificate.validTo) - renewBefore > now;
  } catch {
    return false;
  }
}

const isIssuedBy = (server: Pair, authority: Pair): boolean =>
  new X509Certificate(server.cert).verify(new X509Certificate(authority.cert).publicKey);

/** Signed by the issuer, or by itself. */
async function issue(commonName: string, issuer: Pair | undefined, days: number, now: number): Promise<Pair> {
  // Loaded when needed: only a first start makes certificates.
  const { default: forge } = await import('node-forge');
  const { asn1, md, pki } = forge;
  // Left out of its typings.
  const { getTBSCertificate } = pki as typeof pki & {
    getTBSCertificate(of: typeof certificate): Parameters<typeof asn1.toDer>[0];
  };
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const certificate = pki.createCertificate();
  certificate.publicKey = pki.publicKeyFromPem(publicKey);
  // Positive, and no other certificate of this authority has it (RFC 5280 section 4.1.2.2).
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`;
  certificate.validity.notBefore = new Date(now - day);
  certificate.validity.notAfter = new Date(now + days * day);
  const subject = [{ name: 'commonName', value: commonName }];
  certificate.setSubject(subject);
  certificate.setIssuer(issuer ? pki.certificateFromPem(issuer.cert).subject.attributes : subject);
  certificate.setExtensions(
    issuer
      ? [
          { name: 'basicConstraints', cA: false, critical: true },
          { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
          { name: 'extKeyUsage', serverAuth: true },
          {
            name: 'subjectAltName',
            altNames: [
              { type: 2, value: 'localhost' },
              { type: 7, ip: '127.0.0.1' },
            ],
          },
        ]
      : [
          { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
          { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
        ],
  );
  // By node:crypto: forge's own arithmetic takes seconds on a busy machine.
  const signer = {
    sign: () => {
      const content = asn1.toDer(getTBSCertificate(certificate)).getBytes();
      return sign('sha256', Buffer.from(content, 'latin1'), issuer?.key ?? privateKey).toString('latin1');
    },
  };
  certificate.sign(signer as unknown as Parameters<typeof certificate.sign>[0], md.sha256.create());
  return { cert: pki.certificateToPem(certificate), key: privateKey };
}
