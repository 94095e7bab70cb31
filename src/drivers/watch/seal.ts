import { createHmac, createPrivateKey, sign, timingSafeEqual, verify, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ArmedPlan, ArmedTerms } from '../../contract/armed';
import { Refusal } from '../../contract/errors';
import { mayActAs, roles } from '../../contract/roles';
import { armedText } from '../../planning/failover/armed';
import type { Host } from '../host';

type Trust = Host['trust'];

/** Signs a plan with the key of the certificate, where the fleet has certificates, else with the token that it shares. */
export function sealPlan(terms: ArmedTerms, expiresAtMs: number, trust: Trust): ArmedPlan {
  const { tls, token } = trust;
  const plan = { ...terms, expiresAtMs, ...(tls && { certificate: readFileSync(tls.cert, 'utf8') }), signature: '' };
  const text = Buffer.from(armedText(plan));
  if (tls)
    return { ...plan, signature: sign('sha256', text, createPrivateKey(readFileSync(tls.key))).toString('base64') };
  if (token !== undefined) return { ...plan, signature: mac(text, token).toString('base64') };
  throw badPlan(terms.endpoint, 'this worker has neither a certificate nor a token to sign it with');
}

/** Refuses a plan that was not signed by somebody who may act on agents, or was changed since. */
export function refuseForged(plan: ArmedPlan, { tls, token }: Trust, nowMs: number): void {
  const text = Buffer.from(armedText(plan));
  const given = Buffer.from(plan.signature, 'base64');
  if (tls) {
    const certificate = vouchedFor(plan, readFileSync(tls.ca), nowMs);
    if (verify('sha256', text, certificate.publicKey, given)) return;
  } else if (token !== undefined) {
    const right = mac(text, token);
    if (given.length === right.length && timingSafeEqual(given, right)) return;
  }
  throw badPlan(plan.endpoint, 'its signature is not right: it was changed, or signed by somebody else');
}

/** The certificate of who signed: issued by the authority of the fleet, valid now, with a role that may act on agents. */
function vouchedFor({ endpoint, certificate: pem }: ArmedPlan, ca: Buffer, nowMs: number): X509Certificate {
  if (pem === undefined) throw badPlan(endpoint, 'it carries no certificate');
  const authority = new X509Certificate(ca);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch (cause) {
    throw new Refusal('BadPlan', { name: endpoint, why: 'its certificate cannot be read' }, { cause });
  }
  if (!certificate.checkIssued(authority) || !certificate.verify(authority.publicKey))
    throw badPlan(endpoint, 'its certificate is not one of this fleet');
  if (nowMs < Date.parse(certificate.validFrom) || nowMs > Date.parse(certificate.validTo))
    throw badPlan(endpoint, 'its certificate is not valid now');
  const role = roles.find((one) => certificate.subject.split('\n').includes(`OU=${one}`));
  if (!role || !mayActAs(role, 'agent')) throw badPlan(endpoint, `whoever signed it may not act on agents`);
  return certificate;
}

const mac = (text: Buffer, token: string): Buffer => createHmac('sha256', token).update(text).digest();

export const badPlan = (name: string, why: string): Refusal => new Refusal('BadPlan', { name, why });
