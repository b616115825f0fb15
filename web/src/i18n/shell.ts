// 外壳与登录的文案
import { bilingual } from './bilingual.js';

export const shellTexts = bilingual(
  {
    brand: '水闸',
    onlinePanel: '在线用户面板',
    filesPanel: '文件面板',
    settings: '设置',
    online: '已连接',
    connecting: '正在连接 ...',
    closePanel: '关闭面板',
    dropHere: '松开即发送到聊天室',
  },
  {
    brand: 'Sluice',
    onlinePanel: 'People panel',
    filesPanel: 'Files panel',
    settings: 'Settings',
    online: 'Connected',
    connecting: 'Connecting ...',
    closePanel: 'Close panel',
    dropHere: 'Drop to send to the room',
  },
);
