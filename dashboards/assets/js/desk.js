// The alert desk: choosing, acting on what is chosen, and the keyboard. Acts go to the API; the rows come from the server.

import { refresh } from './panels.js';

const deeds = document.getElementById('deeds');
const rows = document.querySelector('[data-rows]');
const all = document.getElementById('all');
const outcome = document.getElementById('outcome');
const alone = document.querySelector('[data-alert]')?.dataset.alert;

const picks = () => rows ? [...rows.querySelectorAll('.pick:not(:disabled)')] : [];
const row = el => el?.closest('[data-key]');
const chosen = () => alone ? [alone] : picks().filter(p => p.checked).map(p => row(p).dataset.key);

if (deeds) {
  deeds.addEventListener('submit', e => { e.preventDefault(); act(e.submitter, chosen()); });
}

function say(text) {
  outcome.textContent = text;
}

async function put(id, what, body) {
  const answer = await fetch(`/api/v1/alerts/${encodeURIComponent(id)}/${what}`, {
    method: 'POST', credentials: 'same-origin', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  if (answer.ok) return null;
  return (await answer.json().catch(() => ({}))).detail ?? String(answer.status);
}

async function act(button, ids) {
  const by = deeds.by.value.trim(), what = button.dataset.do;
  if (!by) { say(deeds.dataset.name); deeds.by.focus(); return; }
  if (!ids.length) { say(deeds.dataset.none); return; }
  if (what === 'assign' && !deeds.to.value.trim()) { say(deeds.dataset.name); deeds.to.focus(); return; }
  const body = { by, note: deeds.note?.value.trim() ?? '' };
  if (what === 'shelve') body.until = new Date(Date.now() + Number(button.dataset.hours) * 3600e3).toISOString();
  if (what === 'assign') body.to = deeds.to.value.trim();
  const refusals = [];
  let done = 0;
  // One after the other: the register writes one at a time, and the order is that of the page.
  for (const id of ids) {
    const refused = await put(id, what, body).catch(error => String(error));
    refused ? refusals.push(refused) : done++;
  }
  const parts = [`${deeds.dataset.done} ${done}`];
  if (refusals.length) parts.push(`${deeds.dataset.refused} ${refusals.length}: ${refusals[0]}`);
  say(parts.join(' · '));
  for (const pick of picks()) pick.checked = false;
  if (deeds.note) deeds.note.value = '';
  await refresh();
}

rows?.addEventListener('click', e => {
  const button = e.target.closest('button[data-do]');
  if (button) act(button, [row(button).dataset.key]);
});

all?.addEventListener('change', () => { for (const pick of picks()) pick.checked = all.checked; });

// Why somebody was told opens inside the row: what the alert's own page says of it. Without script, a link to that page.
async function tellWhy(target) {
  const page = target.querySelector('a')?.href;
  if (!target.open || !target.dataset.why || target.dataset.told) return;
  target.dataset.told = '1';
  const answer = await fetch(page, { credentials: 'same-origin' }).catch(() => null);
  const told = answer?.ok && new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('why');
  told?.querySelector('.head')?.remove();
  if (told) target.lastElementChild.replaceChildren(...told.childNodes);
  else delete target.dataset.told;
}
rows?.addEventListener('toggle', e => tellWhy(e.target), true);
// Whoever was faster than this script.
for (const opened of rows?.querySelectorAll('details[open]') ?? []) tellWhy(opened);

// j and k walk, x chooses, a acknowledges, t goes to whose it is to be, w asks why, / filters.
function walk(step) {
  const list = picks(), at = list.indexOf(row(document.activeElement)?.querySelector('.pick'));
  list[Math.max(0, Math.min(list.length - 1, at < 0 ? 0 : at + step))]?.focus();
}

const keys = {
  j: () => walk(1),
  k: () => walk(-1),
  x: () => row(document.activeElement)?.querySelector('.pick')?.click(),
  a: () => {
    const here = row(document.activeElement)?.dataset.key, ids = chosen();
    act(deeds.querySelector('[data-do=acknowledge]'), ids.length || !here ? ids : [here]);
  },
  t: () => {
    const pick = row(document.activeElement)?.querySelector('.pick');
    if (pick && !chosen().length) pick.checked = true;
    deeds?.to.focus();
  },
  w: () => row(document.activeElement)?.querySelector('.what a')?.click(),
  '/': () => document.querySelector('.filters select')?.focus(),
};

document.addEventListener('keydown', e => {
  const typing = e.target.matches('input:not([type=checkbox]), select, textarea');
  // Where there is no desk, there is a bin with two buttons.
  if (!deeds?.note || typing || e.ctrlKey || e.metaKey || e.altKey || !keys[e.key]) return;
  e.preventDefault();
  keys[e.key]();
});
