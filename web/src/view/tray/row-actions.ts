// 一项传输的按钮: 每种状态能做什么, 一张表说完
import { trayTexts } from '../../i18n/tray.js';
import type { Actions } from '../../model/actions.js';
import type { Transfer, TransferErrorCode } from '../../model/transfers.js';
import { h, icon, iconButton } from '../kit/dom.js';
import { ICONS } from '../kit/icons.js';
import { safeName } from '../media/file-name.js';

type Verb = 'pause' | 'resume' | 'resumeByHandle' | 'choose' | 'retry' | 'cancel' | 'remove';

// 原样重试也不会成功的: 只能移除
const HOPELESS: ReadonlySet<TransferErrorCode> = new Set([
  'file_too_large',
  'file_type_forbidden',
  'file_name_invalid',
  'empty_folder',
  'too_many',
]);

/** 按钮的次序即显示的次序 */
export function verbsOf({ state, hasHandle, error }: Transfer): readonly Verb[] {
  switch (state) {
    case 'sending':
    case 'comparing':
    case 'waiting':
      return ['pause', 'cancel'];
    case 'queued':
    case 'checking':
    case 'verifying':
      return ['cancel'];
    case 'paused':
      return ['resume', 'cancel'];
    case 'needs_file':
      return hasHandle === true ? ['resumeByHandle', 'choose', 'cancel'] : ['choose', 'cancel'];
    case 'failed':
      return error !== undefined && HOPELESS.has(error.code) ? ['remove'] : ['retry', 'remove'];
    case 'done':
      return [];
  }
}

export function actionButton(verb: Verb, transfer: Transfer, actions: Actions): HTMLButtonElement {
  const texts = trayTexts();
  const { id } = transfer;
  const name = safeName(transfer.name);
  const make = (path: string, word: string, run: () => void, spelled = false): HTMLButtonElement => {
    const label = texts.action(word, name);
    const button = spelled ? spelledButton(path, word, label) : iconButton(path, label);
    button.title = word;
    button.addEventListener('click', run);
    return button;
  };
  const table: Readonly<Record<Verb, () => HTMLButtonElement>> = {
    pause: () => make(ICONS.pause, texts.pause, () => actions.pauseTransfer(id)),
    resume: () => make(ICONS.play, texts.resume, () => actions.resumeTransfer(id)),
    resumeByHandle: () => make(ICONS.play, texts.resume, () => actions.reselectTransfer(id), true),
    choose: () => make(ICONS.folder, texts.choose, () => chooseFile(id, actions), true),
    retry: () => make(ICONS.retry, texts.retry, () => actions.retryTransfer(id)),
    cancel: () => make(ICONS.close, texts.cancel, () => actions.cancelTransfer(id)),
    remove: () => make(ICONS.close, texts.remove, () => actions.cancelTransfer(id)),
  };
  return table[verb]();
}

// 要人动手的写出字来, 不只是图标
function spelledButton(path: string, word: string, label: string): HTMLButtonElement {
  const button = h('button', { type: 'button', class: 'tray-spelled', 'aria-label': label });
  button.append(icon(path), word);
  return button;
}

// 选择框不进入文档: 页面里只有输入区那一个 input[type=file]。闭包留着它, 选完之前不会被回收
function chooseFile(id: string, actions: Actions): void {
  const input = h('input', { type: 'file' });
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    if (file !== undefined) actions.reselectTransfer(id, { file });
  });
  input.click();
}
