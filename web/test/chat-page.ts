// 聊天页面的可访问名称: 测试与网页之间的约定; 测试只凭名称与角色找元素, 不凭 class
import type { Locator, Page } from 'playwright-core';
import type { Locale } from './browser.js';

interface Names {
  readonly userName: string;
  readonly join: string;
  readonly message: string;
  readonly send: string;
  readonly sendFiles: string;
  readonly online: string;
  readonly log: string;
  readonly files: string;
  readonly transfers: string;
}

const NAMES: Readonly<Record<Locale, Names>> = {
  'zh-CN': {
    userName: '用户名',
    join: '进入聊天',
    message: '输入消息',
    send: '发送',
    sendFiles: '发送文件',
    online: '在线用户',
    log: '聊天记录',
    files: '文件列表',
    transfers: '传输列表',
  },
  'en-US': {
    userName: 'Username',
    join: 'Join chat',
    message: 'Message',
    send: 'Send',
    sendFiles: 'Send files',
    online: 'Online users',
    log: 'Chat log',
    files: 'File list',
    transfers: 'Transfers',
  },
};

/** 聊天页面上的元素 */
export interface ChatParts {
  readonly userName: Locator;
  readonly join: Locator;
  readonly message: Locator;
  readonly send: Locator;
  readonly sendFiles: Locator;
  /** 页面上唯一的 input[type=file] */
  readonly fileInput: Locator;
  readonly online: Locator;
  readonly log: Locator;
  readonly files: Locator;
  readonly transfers: Locator;
}

export function partsOf(page: Page, locale: Locale = 'zh-CN'): ChatParts {
  const names = NAMES[locale];
  // exact: 否则 发送 也会匹配 发送文件
  const named = (role: 'textbox' | 'button' | 'list' | 'log', name: string): Locator =>
    page.getByRole(role, { name, exact: true });
  return {
    userName: named('textbox', names.userName),
    join: named('button', names.join),
    message: named('textbox', names.message),
    send: named('button', names.send),
    sendFiles: named('button', names.sendFiles),
    fileInput: page.locator('input[type=file]'),
    online: named('list', names.online),
    log: named('log', names.log),
    files: named('list', names.files),
    transfers: named('list', names.transfers),
  };
}

/** 填用户名并进入; 返回时已能输入消息 */
export async function enter(page: Page, name: string, locale?: Locale): Promise<ChatParts> {
  const parts = partsOf(page, locale);
  await parts.userName.fill(name);
  await parts.join.click();
  await parts.message.waitFor({ state: 'visible' });
  return parts;
}

/** 输入并点发送; 不等对方收到, 那由 waitForText 去等 */
export async function sendText(page: Page, text: string, locale?: Locale): Promise<void> {
  const parts = partsOf(page, locale);
  await parts.message.fill(text);
  await parts.send.click();
}

export function log(page: Page, locale?: Locale): Locator {
  return partsOf(page, locale).log;
}

/** 等到聊天记录里出现 text; 超时即失败 */
export async function waitForText(page: Page, text: string | RegExp, locale?: Locale): Promise<void> {
  await log(page, locale).getByText(text).first().waitFor({ state: 'visible' });
}
