// Tries messages of the quarantine again, chunk by chunk, and says what became of them.

import { refresh } from './panels.js';

const outcome = document.getElementById('outcome');

async function put(what, body) {
  const answer = await fetch(`/api/v1/quarantine/${what}`, {
    method: 'POST', credentials: 'same-origin', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.detail ?? String(answer.status));
  return said;
}

async function retry(filter) {
  let after = null, before = null, tried = 0, back = 0;
  do {
    const said = await put('retry', { filter, after, before });
    tried += said.tried;
    back += said.stored + said.duplicate;
    after = said.next;
    before = said.before;
  } while (after !== null);
  return [tried, back];
}

document.addEventListener('click', async e => {
  const button = e.target.closest('button[data-retry]');
  if (!button) return;
  button.disabled = true;
  try {
    const [tried, back] = await retry(JSON.parse(button.dataset.retry));
    outcome.textContent = `${outcome.dataset.tried} ${tried} · ${outcome.dataset.back} ${back}`;
    await refresh();
  } catch (error) {
    outcome.textContent = `${outcome.dataset.failed} ${error.message}`;
  } finally {
    button.disabled = false;
  }
});
