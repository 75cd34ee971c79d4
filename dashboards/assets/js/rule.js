// The page of a rule: a draft is tried without leaving the page, a mistake leads to its line, and what was changed since it was tried
// is not saved by mistake. Without script the server answers with whole pages.

const form = document.getElementById('rule');
const trial = document.getElementById('trial');
const mistakes = document.getElementById('mistakes');

function note(text, wrong) {
  const p = document.createElement('p');
  p.className = wrong ? 'empty err' : 'empty';
  p.textContent = text;
  trial.replaceChildren(p);
}

async function send(button) {
  button.disabled = true;
  mistakes.replaceChildren();
  note(form.dataset.wait);
  try {
    const answer = await fetch(form.action, { method: 'POST', credentials: 'same-origin', body: new URLSearchParams(new FormData(form)) });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const [found, wrong] = [page.getElementById('trial'), page.getElementById('mistakes')];
    if (!found) throw new Error(page.querySelector('.empty.err')?.textContent ?? answer.status);
    trial.replaceChildren(...found.childNodes);
    mistakes.replaceChildren(...wrong.childNodes);
  } catch (error) {
    note(`${form.dataset.failed} ${error.message}`, true);
  } finally {
    button.disabled = false;
  }
}

form?.addEventListener('submit', e => { e.preventDefault(); send(e.submitter ?? form.querySelector('[type=submit]')); });

form?.toml.addEventListener('input', () => {
  const save = document.getElementById('save');
  if (save) { save.closest('form').remove(); trial.append(Object.assign(document.createElement('p'), { className: 'note', textContent: form.dataset.changed })); }
});

mistakes?.addEventListener('click', e => {
  const line = Number(e.target.closest('[data-line]')?.dataset.line);
  if (!line) return;
  const lines = form.toml.value.split('\n'), start = lines.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
  form.toml.focus();
  form.toml.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  form.toml.scrollTop = (line - 3) * parseFloat(getComputedStyle(form.toml).lineHeight);
});
