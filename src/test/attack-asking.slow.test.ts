// 问个不停 (issue 13 的 A6 与 A8): 256 个成员翻深处的页, 60 个机器人搜索; 旁人的每一件事照常; 约 25 秒
import { test } from 'node:test';
import { onLinux, underAttack } from './attack-tools.js';
import { bots, deepHistory } from './deep-history.js';

const LONG = 2000;

const deepPage = (): object => ({
  type: 'history',
  before: 300 + Math.floor(Math.random() * (LONG - 300)),
  limit: 200,
});

test('攻击: 256 个成员不停地翻深处的长文字', onLinux, async (t) => {
  await underAttack(t, {
    seconds: 7,
    prepare: (storage) => deepHistory(t, storage, { count: 10_000, long: LONG }),
    run: ({ server, localAddress }) =>
      bots(t, { ws: server.ws, localAddress, count: 256, perSecond: 19, question: deepPage }),
  });
});

test('攻击: 60 个机器人不停地搜要看遍全部的词', onLinux, async (t) => {
  await underAttack(t, {
    seconds: 7,
    prepare: (storage) => deepHistory(t, storage, { count: 60_000, long: 0 }),
    run: ({ server, localAddress }) =>
      bots(t, {
        ws: server.ws,
        localAddress,
        count: 60,
        perSecond: 19,
        question: () => ({ type: 'search', query: 'x y', limit: 50 }),
      }),
  });
});
