// 连接的横幅: 断开时安静地说明原因与倒计时; 在线时不占地方
import { shellTexts } from '../../i18n/shell.js';
import type { ConnectionState } from '../../model/connection.js';
import { h, type ViewContext } from '../kit/dom.js';

const TICK_MS = 500;

export function createBanner({ model, actions, life }: ViewContext): HTMLElement {
  const texts = shellTexts();
  const text = h('span', { class: 'banner-text' });
  const retry = h('button', { type: 'button' }, texts.reconnectNow);
  retry.addEventListener('click', () => actions.reconnect(), { signal: life });
  // 连接抖一下就好的不打扰: 样式里延迟显示
  const banner = h('div', { class: 'banner', role: 'status', hidden: true }, text, retry);
  const render = (): void => {
    const state = model.connection.get();
    const message = describe(state);
    banner.hidden = message === '';
    // 没变就不写: role=status 的元素一写, 读屏软件就会再念一遍
    if (text.textContent !== message) text.textContent = message;
    retry.hidden = state.phase !== 'waiting' && state.phase !== 'stopped';
    banner.dataset['phase'] = state.phase;
  };
  model.connection.watch(render, life);
  const timer = setInterval(() => model.connection.get().phase === 'waiting' && render(), TICK_MS);
  life.addEventListener('abort', () => clearInterval(timer), { once: true });
  return banner;
}

function describe(state: ConnectionState): string {
  const texts = shellTexts();
  switch (state.phase) {
    case 'online':
    case 'idle':
      return '';
    case 'connecting':
    case 'joining':
      return texts.reconnecting;
    case 'stopped':
      return `${reasonText(state.reason.code)} ${texts.stopped}`;
    case 'waiting': {
      const seconds = Math.max(1, Math.ceil((state.retryAt - Date.now()) / 1000));
      return `${reasonText(state.reason.code)} ${texts.retryIn(seconds)}`;
    }
  }
}

/** 关闭码的人话 */
export function reasonText(code: number): string {
  const texts = shellTexts();
  const reasons: Readonly<Record<number, string>> = {
    1001: texts.closeStopping,
    1009: texts.closeFrameTooLarge,
    4001: texts.closeUnauthorized,
    4008: texts.closeSlow,
    4009: texts.closeMemory,
    4010: texts.closeFlooding,
    4012: texts.closeReplaced,
  };
  return reasons[code] ?? texts.closeNetwork;
}
