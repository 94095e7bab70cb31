/** All of the page's script: puts in what the server says has changed, but never under a selection. */
export const script = `'use strict';
const source = new EventSource('/page/events');
const waiting = new Map();
function selecting(element) {
  const selection = getSelection();
  return selection && !selection.isCollapsed && selection.containsNode(element, true);
}
function put(id, html) {
  const element = document.getElementById(id);
  if (!element) return;
  if (selecting(element)) { waiting.set(id, html); return; }
  waiting.delete(id);
  element.innerHTML = html;
}
source.addEventListener('swap', (event) => {
  const { id, html } = JSON.parse(event.data);
  put(id, html);
});
source.addEventListener('open', () => document.body.classList.remove('stale'));
source.addEventListener('error', () => document.body.classList.add('stale'));
document.addEventListener('selectionchange', () => { for (const [id, html] of waiting) put(id, html); });
`;
