// 设置的文案
import { bilingual } from './bilingual.js';

export const settingsTexts = bilingual(
  {
    settings: '设置',
    signedInAs: '当前用户',
    theme: '主题',
    system: '跟随系统',
    light: '浅色',
    dark: '深色',
    language: '语言',
    notifications: '桌面通知',
    available: '页面在后台时提醒新消息',
    blocked: '浏览器拦下了通知, 请在地址栏旁的网站设置里允许',
    insecure: '这个页面没有经过 HTTPS, 浏览器不允许通知',
    unsupported: '这个浏览器不支持通知',
    leave: '退出',
    confirmLeave: (count: number) => `还有 ${count} 个文件没传完, 再点一次退出`,
  },
  {
    settings: 'Settings',
    signedInAs: 'Signed in as',
    theme: 'Theme',
    system: 'System',
    light: 'Light',
    dark: 'Dark',
    language: 'Language',
    notifications: 'Desktop notifications',
    available: 'Tells you about new messages while the page is in the background',
    blocked: 'The browser blocks notifications; allow them in the site settings next to the address',
    insecure: 'This page is not served over HTTPS, so the browser does not allow notifications',
    unsupported: 'This browser does not support notifications',
    leave: 'Sign out',
    confirmLeave: (count: number) => `${count} unfinished uploads, click again to leave`,
  },
);
