import type { Facts } from '../board';
import { summary } from './document';
import { sectionHtml, sections } from './sections';

export interface Swap {
  id: string;
  html: string;
}

/** What one viewer's page shows, so that only what changed is sent to it. */
export class Shown {
  private readonly parts = new Map<string, string>();
  private readonly orders = new Map<string, string>();

  /** The first look sends all: the page may have been served by another process, or a while ago. */
  changes(facts: Facts): Swap[] {
    const swaps = this.changed('summary', summary(facts).text);
    for (const section of sections) {
      const fragments = section.fragments(facts);
      const order = fragments.map(({ id }) => id).join(' ');
      const moved = this.orders.get(section.id) !== order;
      this.orders.set(section.id, order);
      const parts = fragments.flatMap(({ id, html }) => this.changed(id, html.text));
      if (moved) swaps.push({ id: section.id, html: sectionHtml(section, fragments).text });
      else swaps.push(...parts);
    }
    return swaps;
  }

  private changed(id: string, html: string): Swap[] {
    if (this.parts.get(id) === html) return [];
    this.parts.set(id, html);
    return [{ id, html }];
  }
}
