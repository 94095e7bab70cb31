import 'reflect-metadata'; // oxlint-disable-line import/no-unassigned-import -- @peculiar/x509 resolves its parts with it
import { randomBytes, webcrypto } from 'node:crypto';
import { appendFile, chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { z } from 'zod';
import { Refusal } from '../contract/errors';
import { roles, type Role } from '../contract/roles';

x509.cryptoProvider.set(webcrypto);

const keyKind = { name: 'ECDSA', namedCurve: 'P-256' };
const signature = { name: 'ECDSA', hash: 'SHA-256' };
const dayMs = 24 * 3_600_000;
/** Clocks of a fleet may differ by this much. */
const skewMs = 5 * 60_000;

/** One line of `issued.jsonl`: what the authority has vouched for. */
const Issued = z.object({
  serial: z.string(),
  name: z.string(),
  role: z.enum(roles),
  addresses: z.array(z.string()),
  notAfter: z.string(),
});
export type Issued = z.output<typeof Issued>;

export interface IssueOptions {
  role: Role;
  /** Names and addresses for callers that look at them, such as Prometheus; agents look at the name alone. */
  addresses?: string[];
  days?: number;
}

/** Makes the private authority of a fleet: `ca.crt` for everyone, `ca.key` for nobody else. */
export async function createAuthority(
  directory: string,
  fleet: string,
  days = 3_650,
): Promise<{ certificate: string }> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const keys = await newKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [`${named(fleet)} authority`] }, { O: [fleet] }],
    ...{ keys, signingAlgorithm: signature, serialNumber: newSerial(), ...validity(days) },
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  await writeNew(join(directory, 'ca.key'), await keyPem(keys.privateKey), 0o600);
  await writeNew(join(directory, 'ca.crt'), pemOf(certificate), 0o644);
  return { certificate: join(directory, 'ca.crt') };
}

/** Makes a key and a certificate for a host or a person, beside the authority. With `renew` the old ones are replaced. */
export async function issue(
  directory: string,
  options: IssueOptions & { name: string; renew?: boolean },
): Promise<Issued & { cert: string; key: string }> {
  const name = named(options.name);
  const [cert, key] = [join(directory, `${name}.crt`), join(directory, `${name}.key`)];
  const keys = await newKeys();
  const { issued, pem } = await vouch(directory, name, keys.publicKey, options);
  if (options.renew) await Promise.all([cert, key].map((file) => rm(file, { force: true })));
  await writeNew(key, await keyPem(keys.privateKey), 0o600);
  await writeNew(cert, pem, 0o644);
  return { ...issued, cert, key };
}

/** Makes a key that never leaves its host, and the request for a certificate: `agent.key` and `agent.csr`, on every host the same names. */
export async function request(directory: string, name: string): Promise<{ key: string; request: string }> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const files = { key: join(directory, 'agent.key'), request: join(directory, 'agent.csr') };
  const keys = await newKeys();
  const asked = { name: [{ CN: [named(name)] }], keys, signingAlgorithm: signature };
  const pem = (await x509.Pkcs10CertificateRequestGenerator.create(asked)).toString('pem');
  await writeNew(files.key, await keyPem(keys.privateKey), 0o600);
  await writeFile(files.request, `${pem}\n`);
  return files;
}

/** Answers a request with a certificate beside it. The role is given here: a request cannot choose its own. */
export async function answer(
  directory: string,
  requestFile: string,
  options: IssueOptions,
): Promise<Issued & { cert: string }> {
  const asked = new x509.Pkcs10CertificateRequest(await readFile(requestFile, 'utf8'));
  if (!(await asked.verify())) throw new Refusal('BadInput', { what: `${requestFile} is not signed by its own key` });
  const name = named(asked.subjectName.getField('CN')[0] ?? '');
  const { issued, pem } = await vouch(directory, name, await asked.publicKey.export(), options);
  const cert = join(dirname(requestFile), `${basename(requestFile, '.csr')}.crt`);
  await writeFile(cert, pem);
  return { ...issued, cert };
}

/** Every certificate that the authority has issued, oldest first. */
export async function issuedBy(directory: string): Promise<Issued[]> {
  const lines = (await readFile(join(directory, 'issued.jsonl'), 'utf8').catch(orEmpty)).split('\n').filter(Boolean);
  return lines.map((line) => Issued.parse(JSON.parse(line)));
}

async function vouch(
  directory: string,
  name: string,
  publicKey: webcrypto.CryptoKey,
  { role, addresses = [], days = 397 }: IssueOptions,
) {
  const authority = new x509.X509Certificate(await existing(join(directory, 'ca.crt'), directory));
  const signingKey = await importKey(await existing(join(directory, 'ca.key'), directory));
  const isServer = role === 'agent';
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [name] }, { OU: [role] }],
    issuer: authority.subjectName,
    ...{ publicKey, signingKey, signingAlgorithm: signature, serialNumber: newSerial(), ...validity(days) },
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([
        x509.ExtendedKeyUsage.clientAuth,
        ...(isServer ? [x509.ExtendedKeyUsage.serverAuth] : []),
      ]),
      ...(isServer ? [new x509.SubjectAlternativeNameExtension([name, ...addresses].map(alternativeName))] : []),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(authority),
    ],
  });
  const issued: Issued = {
    serial: certificate.serialNumber,
    name,
    role,
    addresses,
    notAfter: certificate.notAfter.toISOString(),
  };
  await appendFile(join(directory, 'issued.jsonl'), `${JSON.stringify(issued)}\n`, { mode: 0o600 });
  return { issued, pem: pemOf(certificate) };
}

const newKeys = () => webcrypto.subtle.generateKey(keyKind, true, ['sign', 'verify']);
const newSerial = () => Buffer.from([0x01 + (randomBytes(1)[0]! & 0x3f), ...randomBytes(15)]).toString('hex');
const validity = (days: number) => ({
  notBefore: new Date(Date.now() - skewMs),
  notAfter: new Date(Date.now() + days * dayMs),
});
const pemOf = (certificate: x509.X509Certificate) => `${certificate.toString('pem')}\n`;
const alternativeName = (value: string): x509.JsonGeneralName =>
  /^[\d.]+$|:/.test(value) ? { type: 'ip', value } : { type: 'dns', value };

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}

const importKey = (pem: string) =>
  webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(pem), keyKind, false, ['sign']);

/** A name that is also a file name and a part of a certificate. */
function named(name: string): string {
  if (/^[a-z0-9][\w.@-]{0,62}$/i.test(name)) return name;
  throw new Refusal('BadInput', {
    what: `"${name}" cannot be the name in a certificate: use letters, digits, dots, hyphens, @`,
  });
}

async function writeNew(file: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx', mode });
    await chmod(file, mode);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Refusal(
      'BadInput',
      { what: `${file} is there already; --renew replaces a certificate` },
      { cause: error },
    );
  }
}

async function existing(file: string, directory: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Refusal(
      'BadInput',
      { what: `${directory} holds no authority that can be read: \`evenkeel certs init\` makes one` },
      { cause },
    );
  }
}

function orEmpty(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw error;
}
