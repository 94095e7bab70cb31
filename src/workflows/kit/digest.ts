import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex } from '@noble/hashes/utils';

/** First 16 hex digits of the SHA-256 of a plan's JSON: what an approval is bound to. */
export const digestOf = (plan: unknown): string => bytesToHex(sha256(JSON.stringify(plan))).slice(0, 16);
