// 首页: 每 3 秒读一次在线用户; 完整的聊天界面完成之前先用它看服务器是否在运行
import { type OnlineUsers, parseOnlineUsers } from './online-users.js';

const POLL_MS = 3000;
// 比轮询周期略长: 停住的连接不会越积越多
const REQUEST_TIMEOUT_MS = 5000;

type State = 'connecting' | 'online' | 'offline';

const STATE_TEXT: Readonly<Record<State, string>> = {
  connecting: '正在连接 ...',
  online: '服务器正在运行',
  offline: '连接已断开, 正在重试',
};

function find(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`页面缺少 #${id}`);
  return element;
}

const status = find('status');
const count = find('online-count');
const hint = find('online-hint');
const list = find('online-users');
const graphemes = new Intl.Segmenter('zh', { granularity: 'grapheme' });

function showState(state: State): void {
  // 没变就不写: role=status 的元素一写, 读屏软件就会再读一遍
  if (status.dataset['state'] === state) return;
  status.dataset['state'] = state;
  status.textContent = STATE_TEXT[state];
  list.classList.toggle('stale', state === 'offline');
}

function showUsers({ online, users }: OnlineUsers): void {
  count.textContent = String(online);
  hint.textContent = describe(online, users.length);
  hint.hidden = hint.textContent === '';
  // 用户名只经 textContent 进入页面, 不会被当成 HTML
  list.replaceChildren(
    ...users.map((name) => {
      const item = document.createElement('li');
      item.title = name;
      item.append(avatarOf(name), span('user-name', name));
      return item;
    }),
  );
}

function avatarOf(name: string): HTMLElement {
  // 按字素切: 表情与带声调的字母不会只剩半个
  const [first] = graphemes.segment(name);
  const avatar = span('avatar', first?.segment ?? '');
  avatar.style.setProperty('--hue', String(hueOf(name)));
  // 读屏软件念名字就够了
  avatar.ariaHidden = 'true';
  return avatar;
}

function span(className: string, text: string): HTMLElement {
  const element = document.createElement('span');
  element.className = className;
  element.textContent = text;
  return element;
}

/** 0 到 359 的色相; 同名同色 */
function hueOf(name: string): number {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 360;
  return hash;
}

function describe(online: number, shown: number): string {
  if (online === 0) return '还没有人在线。';
  return online > shown ? `共 ${online} 人, 这里列出 ${shown} 人。` : '';
}

async function fetchUsers(): Promise<OnlineUsers> {
  const response = await fetch('/api/users', {
    cache: 'no-store',
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return parseOnlineUsers(await response.json());
}

async function refresh(): Promise<void> {
  try {
    showUsers(await fetchUsers());
    showState('online');
  } catch (error) {
    // 断线是常事, 不算页面的错误; 原因留给开发者工具
    console.debug('读取在线用户失败', error);
    showState('offline');
  }
}

// 上一次结束后才排下一次; 页面在后台时不打扰服务器
async function poll(): Promise<void> {
  if (document.visibilityState === 'visible') await refresh();
  setTimeout(poll, POLL_MS);
}

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') void refresh();
});
void poll();
