import type { Facts } from '../board';
import { endedSection } from './endedSection';
import { endpointsSection } from './endpointsSection';
import { fleetSection } from './fleetSection';
import { html, type Html } from './html';
import { objectsSection } from './objectsSection';
import { proxiesSection } from './proxiesSection';
import { runningSection } from './runningSection';

/** A piece of a section that is swapped alone when it changed. Its id is unique on the page. */
export interface Fragment {
  id: string;
  html: Html;
}

/** A part of the page. It looks at the facts and nothing else. */
export interface Section {
  id: string;
  title: string;
  fragments: (facts: Facts) => Fragment[];
}

/** What the page shows, in this order. Another view is another line here. */
export const sections: readonly Section[] = [
  runningSection,
  endpointsSection,
  proxiesSection,
  objectsSection,
  fleetSection,
  endedSection,
];

/** A section without fragments is not there. */
export const sectionHtml = ({ id, title }: Section, fragments: readonly Fragment[]): Html =>
  fragments.length === 0
    ? html``
    : html`
        <h2>${title}</h2>
        <div class="fragments ${id}">${fragments.map((each) => html`<div id="${each.id}">${each.html}</div>`)}</div>
      `;
