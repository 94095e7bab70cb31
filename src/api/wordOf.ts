/** What somebody said to a run by the update of that name, as a sentence. */
export function wordOf(update: string, said: Record<string, unknown>): string {
  if (update === 'decide')
    return `${said['approved'] === true ? 'approved' : 'rejected'} plan ${String(said['digest'])}`;
  if (update === 'answer') return `${String(said['do'])} the held step`;
  return update === 'tune' ? `set ${JSON.stringify(said['set'])}` : update;
}
