// Has something happen in the city of a demonstration, and says that it does.

import './quarantine.js';

const outcome = document.getElementById('happens');

document.addEventListener('click', async e => {
  const button = e.target.closest('button[data-incident]');
  if (!button) return;
  button.disabled = true;
  try {
    const answer = await fetch('/api/v1/demo/incidents', {
      method: 'POST', credentials: 'same-origin', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ what: button.dataset.incident }),
    });
    const said = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Error(said.detail ?? String(answer.status));
    outcome.textContent = `${button.textContent}. ${outcome.dataset.happens}`;
  } catch (error) {
    outcome.textContent = `${outcome.dataset.failed} ${error.message}`;
  } finally {
    button.disabled = false;
  }
});
