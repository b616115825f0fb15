// 支架: 按可访问名称找到聊天页面的每个部分, 两种语言都行; 用一张只有这些名称的页面
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { serveBlankPage } from './blank-page.js';
import { launch, openPage } from './browser.js';
import { enter, partsOf, sendText, waitForText } from './chat-page.js';

const BODY = `
  <form id="login"><label>用户名 <input></label><button>进入聊天</button></form>
  <main hidden>
    <ul aria-label="在线用户"><li></li></ul><ul aria-label="文件列表"><li>a</li></ul><ul aria-label="传输列表"><li>a</li></ul>
    <div role="log" aria-label="聊天记录"></div>
    <textarea aria-label="输入消息"></textarea><button id="send">发送</button><button>发送文件</button>
    <input type="file" hidden>
  </main>`;
const ENGLISH: readonly [RegExp, string][] = [
  [/用户名/, 'Username'],
  [/进入聊天/, 'Join chat'],
  [/在线用户/, 'Online users'],
  [/文件列表/, 'File list'],
  [/传输列表/, 'Transfers'],
  [/聊天记录/, 'Chat log'],
  [/输入消息/, 'Message'],
  [/发送文件/, 'Send files'],
  [/发送/, 'Send'],
];

describe('支架: 聊天页面', () => {
  for (const locale of ['zh-CN', 'en-US'] as const) {
    it(`${locale}: 进入, 发送, 等到消息, 每个部分恰好一个`, async (t) => {
      const body =
        locale === 'zh-CN' ? BODY : ENGLISH.reduce((text, [from, to]) => text.replace(from, to), BODY);
      const page = await openPage(t, await launch(t), await serveBlankPage(t, body), { locale });
      await page.evaluate(behave);
      const parts = await enter(page, '张三', locale);
      await sendText(page, '你好', locale);
      await waitForText(page, '你好', locale);
      assert.equal(await parts.online.innerText(), '张三');
      const { userName, join, ...shown } = parts;
      assert.deepEqual([await userName.count(), await join.count()], [0, 0]);
      for (const [name, part] of Object.entries(shown)) assert.equal(await part.count(), 1, name);
    });
  }

  it('没有进入之前, 聊天的部分都找不到', async (t) => {
    const page = await openPage(t, await launch(t), await serveBlankPage(t, BODY));
    const { message, log, userName } = partsOf(page);
    assert.deepEqual([await message.count(), await log.count(), await userName.count()], [0, 0, 1]);
  });
});

// 在页面里运行: 最少的行为
function behave(): void {
  const find = (selector: string): HTMLElement => document.querySelector(selector) as HTMLElement;
  find('#login').addEventListener('submit', (event) => {
    event.preventDefault();
    find('li').textContent = (find('#login input') as HTMLInputElement).value;
    find('#login').hidden = true;
    find('main').hidden = false;
  });
  find('#send').addEventListener('click', () => {
    find('[role=log]').append((find('textarea') as HTMLTextAreaElement).value);
  });
}
