// 一项传输的说明文字: 3.2 MB / 2.5 GB · 85 MB/s · 还剩 28 秒
import { trayTexts } from '../../i18n/tray.js';
import { secondsLeft, type Transfer } from '../../model/transfers.js';
import { errorText } from '../kit/error-text.js';
import { formatBytes, formatDuration } from '../kit/format.js';

// 更久的估计没有意义, 多半是刚刚停住
const MAX_SECONDS_LEFT = 99 * 3600;

export function describeTransfer(transfer: Transfer): string {
  const texts = trayTexts();
  const { state, size } = transfer;
  switch (state) {
    case 'sending':
      return [amount(transfer), ...pace(transfer)].join(' · ');
    case 'checking':
    case 'comparing':
      return `${texts[state]} ${percentOf(transfer.checked)} · ${formatBytes(size)}`;
    case 'done':
      return `${transfer.instant === true ? texts.instant : texts.done} · ${formatBytes(size)}`;
    case 'failed':
      return texts.failed(reasonOf(transfer));
    case 'needs_file':
      // 选错了文件, 或没有得到授权: 说原因, 不只是请再选一次
      return `${transfer.error === undefined ? texts.needs_file : reasonOf(transfer)} · ${amount(transfer)}`;
    case 'waiting':
      // 服务器忙, 或嫌太频繁: 不是断了线
      return `${transfer.error === undefined ? texts.waiting : texts.later(reasonOf(transfer))} · ${amount(transfer)}`;
    case 'paused':
      return `${texts[state]} · ${amount(transfer)}`;
    default:
      return `${texts[state]} · ${formatBytes(size)}`;
  }
}

export function reasonOf({ error }: Transfer): string {
  return errorText(error?.code ?? 'internal', error?.message);
}

/** 0 到 1; 空文件一开始发送就算满 */
export function fractionOf({ state, size, sent, checked }: Transfer): number {
  if (state === 'done' || state === 'verifying') return 1;
  if (state === 'checking' || state === 'comparing') return clamp(checked);
  return size === 0 ? 0 : clamp(sent / size);
}

function amount({ sent, size }: Transfer): string {
  return `${formatBytes(Math.min(sent, size))} / ${formatBytes(size)}`;
}

// 还没有速度时先说发送中
function pace(transfer: Transfer): string[] {
  const texts = trayTexts();
  const seconds = secondsLeft(transfer);
  if (seconds === undefined) return [texts.sending];
  const speed = `${formatBytes(transfer.bytesPerSecond)}/s`;
  return seconds > MAX_SECONDS_LEFT ? [speed] : [speed, texts.left(formatDuration(seconds))];
}

// 只在真的满了才说 100
function percentOf(fraction: number): string {
  return `${Math.floor(clamp(fraction) * 100)} %`;
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
