import type { FleetView, HostView } from '../views';
import { html, type Html } from './html';
import type { Section } from './sections';

export const fleetSection: Section = {
  id: 'fleet',
  title: 'Fleet',
  fragments: ({ fleet }) => [
    { id: 'fleet-hosts', html: fleet ? hostsByZone(fleet) : html`<p class="none">Not known.</p>` },
  ],
};

function hostsByZone({ hosts, frozen, fileServers }: FleetView): Html {
  const zones = new Map<string, HostView[]>();
  for (const host of hosts) zones.set(host.zone ?? '', [...(zones.get(host.zone ?? '') ?? []), host]);
  return html`
    ${frozen && html`<p class="trouble">The fleet is frozen: ${frozen}</p>`}
    <div class="zones">
      ${[...zones].map(
        ([zone, members]) =>
          html`<div class="zone">
            ${zone && html`<h3>${zone}</h3>`}
            <ul>
              ${members.map(hostItem)}
            </ul>
          </div>`,
      )}
    </div>
    ${fileServers.map(
      ({ name, fsvms }) =>
        html`<p class="about">
          <code>${name}</code>
          <span>${fsvms.length === 1 ? '1 FSVM' : `${fsvms.length} FSVMs`}: ${fsvms.join(', ')}</span>
        </p>`,
    )}
  `;
}

function hostItem({ host, answers, version, capabilities, paused, why }: HostView): Html {
  const says = answers
    ? `${version ?? ''} · ${capabilities.filter((name) => name !== 'host').join(', ')}`
    : (why ?? 'no answer');
  return html`<li class="${answers ? 'up' : 'down'}">
    <strong>${host}</strong> ${paused && html`<b class="badge dull">paused</b>`}
    <small>${says}</small>
  </li>`;
}
