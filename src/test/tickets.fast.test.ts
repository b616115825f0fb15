// 传输票在内存里的一生: 一次, 一分钟, 有界; 时钟由测试拨
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LocalTickets, TICKET_TTL_MS, TICKETS_PER_SESSION } from '../chat/local-tickets.js';

function start(): { tickets: LocalTickets; pass: (ms: number) => void } {
  let nowMs = 1000;
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { tickets: new LocalTickets(() => nowMs), pass };
}

describe('传输票', () => {
  it('用一次就作废, 别人的猜不到', () => {
    const { tickets } = start();
    const { ticket, expiresInMs } = tickets.issue('甲的令牌');
    assert.match(ticket, /^[\w-]{32}$/);
    assert.equal(expiresInMs, TICKET_TTL_MS);
    assert.equal(tickets.redeem(`${ticket}x`), undefined);
    assert.equal(tickets.redeem(ticket), '甲的令牌');
    assert.equal(tickets.redeem(ticket), undefined);
  });

  it('到期作废, 不到期有效', () => {
    const { tickets, pass } = start();
    const [first, second] = [tickets.issue('甲'), tickets.issue('甲')];
    pass(TICKET_TTL_MS - 1);
    assert.equal(tickets.redeem(first.ticket), '甲');
    pass(1);
    assert.equal(tickets.redeem(second.ticket), undefined);
  });

  it('一个会话要得再多, 只作废自己最旧的', () => {
    const { tickets } = start();
    const victim = tickets.issue('乙');
    const greedy = Array.from({ length: TICKETS_PER_SESSION * 3 }, () => tickets.issue('甲'));
    const alive = greedy.filter(({ ticket }) => tickets.redeem(ticket) === '甲');
    assert.deepEqual(alive, greedy.slice(-TICKETS_PER_SESSION));
    assert.equal(tickets.redeem(victim.ticket), '乙');
  });

  it('会话再多也有界: 全满时最旧的作废, 新的照发', () => {
    const { tickets } = start();
    const all = Array.from({ length: 70_000 }, (_, index) => tickets.issue(`会话 ${index}`));
    const alive = all.filter(({ ticket }) => tickets.redeem(ticket) !== undefined);
    assert.equal(alive.length, 65_536);
    assert.equal(alive.at(-1), all.at(-1));
  });
});
