// 聊天记录的文案
import { ERRORS } from '../../../src/protocol/errors.js';
import { bilingual } from './bilingual.js';

// 没有发出, 或等着再发的原因; 没有列出的码, 中文界面用服务器的说明:
// rate_limited 与 storage_full 它说得出是哪一项, 等多久
const FAILURES_ZH: ReadonlyMap<string, string> = new Map([
  ['text_too_long', '消息太长'],
  ['server_busy', '服务器正忙'],
  ['server_stopping', '服务器正在重启'],
  ['unauthorized', '登录已失效'],
  ['internal', '服务器出错'],
]);
const FAILURES_EN: ReadonlyMap<string, string> = new Map([
  ['text_too_long', 'The message is too long'],
  ['rate_limited', 'Too much or too fast'],
  ['server_busy', 'The server is busy'],
  ['storage_full', 'The server has run out of storage'],
  ['server_stopping', 'The server is restarting'],
  ['unauthorized', 'The session has expired'],
  ['internal', 'The server had a problem'],
]);

// 服务器的说明: 表里的一句之后写明了是哪一项的, 只要后面的; 前面的 "请稍后再试" 不合自动再发
function detailOf(message: string): string {
  const base = Object.values(ERRORS).find((entry) => message.startsWith(`${entry.message}: `));
  return base === undefined ? message : message.slice(base.message.length + 2);
}

// 接在 named 个名字后面; 一个名字也没有时自己成句
function crowdZh(count: number, named: number): string {
  if (named === 0) return `${count} 人`;
  return count > named ? ` 等 ${count} 人` : ' ';
}

function crowdEn(count: number, named: number): string {
  if (named === 0) return count === 1 ? '1 person' : `${count} people`;
  return count > named ? ` and ${count - named} more` : '';
}

export const logTexts = bilingual(
  {
    log: '聊天记录',
    emptyTitle: '还没有消息',
    emptyHint: '写点什么, 或把文件拖进窗口, 大小不必在意',
    me: '我',
    unread: '以下是新消息',
    newMessages: (count: number) => `${count} 条新消息`,
    jumpDown: '回到最新消息',
    loadingOlder: '正在取更早的消息',
    loadingNewer: '正在取后面的消息',
    inThePast: '正在看较早的消息',
    backToLatest: '回到最新',
    historyLost: '服务器上的历史丢了, 这之前的消息只留在本页',
    gap: '离开太久, 这里缺的一段已过保留期',
    joined: (count: number, named: number) => `${crowdZh(count, named)}加入`,
    left: (count: number, named: number) => `${crowdZh(count, named)}离开`,
    sending: '发送中',
    waiting: '服务器此刻收不下, 过会儿自动再发',
    sent: '已发送',
    failed: '发送失败',
    failure: (code: string, message: string) => FAILURES_ZH.get(code) ?? detailOf(message),
    retry: '重试',
    discard: '删除',
    copy: '复制',
    copyCode: '复制代码',
    otherHands: (tag: string) => `这个名字在上面的话是另一个人说的; 现在这个人的标识是 ${tag}`,
    copied: '已复制',
    copyFailed: '浏览器不允许复制',
    expand: '展开全文',
    collapse: '收起',
  },
  {
    log: 'Chat log',
    emptyTitle: 'No messages yet',
    emptyHint: 'Say something, or drop a file onto the window, however big',
    me: 'You',
    unread: 'New messages',
    newMessages: (count: number) => `${count} new ${count === 1 ? 'message' : 'messages'}`,
    jumpDown: 'Jump to the latest',
    loadingOlder: 'Loading older messages',
    loadingNewer: 'Loading newer messages',
    inThePast: 'Viewing older messages',
    backToLatest: 'Back to latest',
    historyLost: 'The server lost its history; messages above are kept on this page only',
    gap: 'You were away for long; the messages missing here are no longer kept',
    joined: (count: number, named: number) => `${crowdEn(count, named)} joined`,
    left: (count: number, named: number) => `${crowdEn(count, named)} left`,
    sending: 'Sending',
    waiting: 'The server cannot take it right now; it will be sent again by itself',
    sent: 'Sent',
    failed: 'Not sent',
    failure: (code: string, _message: string) => FAILURES_EN.get(code) ?? `Refused (${code})`,
    retry: 'Retry',
    discard: 'Delete',
    copy: 'Copy',
    copyCode: 'Copy code',
    otherHands: (tag: string) => `Someone else used this name further up; this person's tag is ${tag}`,
    copied: 'Copied',
    copyFailed: 'The browser did not allow copying',
    expand: 'Show all',
    collapse: 'Show less',
  },
);
