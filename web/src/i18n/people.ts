// 在线用户与通知的文案
import { bilingual } from './bilingual.js';

export const peopleTexts = bilingual(
  {
    title: '在线用户',
    search: '搜索用户',
    me: '(我)',
    more: (count: number) => `还有 ${count} 人, 请搜索`,
    none: '没有找到',
    file: (name: string) => `[文件] ${name}`,
  },
  {
    title: 'Online users',
    search: 'Search people',
    me: '(you)',
    more: (count: number) => `${count} more, use the search`,
    none: 'Nobody found',
    file: (name: string) => `[File] ${name}`,
  },
);
