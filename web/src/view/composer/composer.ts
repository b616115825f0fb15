// 输入区: 文字, 发送, 选文件; 粘贴在 from-anywhere.ts, 拖放在 drop-zone.ts
import { composerTexts } from '../../i18n/composer.js';
import { h, iconButton, type ViewContext } from '../kit/dom.js';
import { formatBytes } from '../kit/format.js';
import { ICONS } from '../kit/icons.js';
import { onEnter } from './enter-key.js';
import { startFromAnywhere } from './from-anywhere.js';
import { allowanceOf, outgoingText } from './text-bytes.js';

interface Parts {
  readonly field: HTMLTextAreaElement;
  readonly send: HTMLButtonElement;
  readonly note: HTMLElement;
}

export function createComposer(context: ViewContext): HTMLElement {
  const texts = composerTexts();
  const field = h('textarea', { class: 'composer-text', rows: 1, 'aria-label': texts.message, dir: 'auto' });
  field.setAttribute('enterkeyhint', 'send');
  const send = iconButton(ICONS.send, texts.send, 'primary composer-send');
  send.type = 'submit';
  const note = h('p', { class: 'composer-note', role: 'status', id: 'composer-note' });
  field.setAttribute('aria-describedby', note.id);
  const form = h('form', { class: 'composer' }, note, ...createFilePicker(context), field, send);
  const parts: Parts = { field, send, note };

  startDraft(context, parts);
  startSending(context, form, parts);
  startFromAnywhere(context, field);
  startPlaceholder(context, field);
  return form;
}

function startPlaceholder({ model, life }: ViewContext, field: HTMLTextAreaElement): void {
  const texts = composerTexts();
  // 触屏没有 Shift+Enter, 窄屏也放不下
  const narrow = matchMedia('(pointer: coarse), (width < 480px)');
  const show = (): void => {
    const offline = model.connection.get().phase !== 'online';
    const online = narrow.matches ? texts.placeholderShort : texts.placeholder;
    field.placeholder = offline ? texts.placeholderOffline : online;
  };
  model.connection.watch(show, life);
  // 转屏或拉窄窗口之后, 原来那句放不下
  narrow.addEventListener('change', show, { signal: life });
}

function startDraft({ model, life }: ViewContext, parts: Parts): void {
  const { field } = parts;
  // 输入法选字时 draft 与输入框一致, 不会回写; 别处 (例如点名字) 改了才写
  const show = (draft: string): void => {
    if (field.value !== draft) field.value = draft;
    fitHeight(field);
    showAllowance(parts, draft, model.identity.get()?.limits.textBytes);
  };
  model.draft.watch(show, life);
  // 造的时候还没有进页面, 量不出高度
  requestAnimationFrame(() => fitHeight(field));
  model.identity.subscribe(() => show(model.draft.get()), life);
  field.addEventListener('input', () => model.draft.set(field.value), { signal: life });
}

function startSending({ model, actions, life }: ViewContext, form: HTMLFormElement, parts: Parts): void {
  const submit = (): void => {
    const text = outgoingText(model.draft.get());
    const limit = model.identity.get()?.limits.textBytes ?? Number.POSITIVE_INFINITY;
    if (text === '' || allowanceOf(text, limit).left < 0) return;
    if (actions.sendText(text)) model.draft.set('');
    else showNote(parts.note, composerTexts().outboxFull, true);
    // 手机上点了发送按钮, 键盘不该收起
    parts.field.focus();
  };
  const onSubmit = (event: Event): void => {
    event.preventDefault();
    submit();
  };
  form.addEventListener('submit', onSubmit, { signal: life });
  onEnter({ life }, parts.field, submit);
}

// 真正的文件框看不见也不占 Tab 的一站; 按钮代它说话
function createFilePicker({ actions, life }: ViewContext): HTMLElement[] {
  const input = h('input', {
    type: 'file',
    multiple: true,
    class: 'sr-only',
    tabindex: -1,
    'aria-hidden': 'true',
  });
  const button = iconButton(ICONS.attach, composerTexts().sendFiles, 'composer-attach');
  button.addEventListener('click', () => input.click(), { signal: life });
  const onChange = (): void => {
    // FileList 是活的, 清空 value 之前先抄出来; 清空之后同一个文件可以再选
    const files = [...(input.files ?? [])].map((file) => ({ file }));
    input.value = '';
    if (files.length > 0) actions.sendFiles(files);
  };
  input.addEventListener('change', onChange, { signal: life });
  return [input, button];
}

function showAllowance({ send, note }: Parts, draft: string, limit: number | undefined): void {
  const texts = composerTexts();
  const { near, left } = allowanceOf(draft, limit ?? Number.POSITIVE_INFINITY);
  send.disabled = left < 0;
  if (!near || limit === undefined) showNote(note, '', false);
  else if (left >= 0) showNote(note, texts.bytesLeft(left), false);
  else showNote(note, texts.bytesOver(-left, formatBytes(limit)), true);
}

function showNote(note: HTMLElement, text: string, bad: boolean): void {
  note.textContent = text;
  note.classList.toggle('composer-bad', bad);
}

// 支持 field-sizing 的由 CSS 长高; 其余 (Firefox, 旧 Safari) 按内容的高度设
const GROWS_BY_CSS = CSS.supports('field-sizing', 'content');

function fitHeight(field: HTMLTextAreaElement): void {
  if (GROWS_BY_CSS) return;
  field.style.setProperty('height', 'auto');
  // 上限由 CSS 的 max-height 执行; 加上边框的两像素
  field.style.setProperty('height', `${field.scrollHeight + 2}px`);
}
