// 输入区与拖放的文案
import { bilingual } from './bilingual.js';

export const composerTexts = bilingual(
  {
    message: '输入消息',
    placeholder: '输入消息, Shift+Enter 换行',
    placeholderShort: '输入消息',
    placeholderOffline: '连接恢复后自动发出',
    send: '发送',
    sendFiles: '发送文件',
    bytesLeft: (left: number) => `还可输入 ${left} 字节`,
    bytesOver: (over: number, limit: string) => `超出 ${over} 字节, 一条消息至多 ${limit}`,
    outboxFull: '等待发送的消息太多, 请等连接恢复后再发',
    screenshot: '截图',
    dropHere: '松开即发送',
    dropHint: '文件与文件夹都可以',
    emptyFolder: '没有可以发送的文件',
    tooManyFiles: (limit: number) => `一次至多 ${limit} 个文件, 其余没有发送`,
    unreadable: (count: number) => `有 ${count} 个文件读不了, 没有发送`,
  },
  {
    message: 'Message',
    placeholder: 'Message, Shift+Enter for a new line',
    placeholderShort: 'Message',
    placeholderOffline: 'Will be sent when the connection is back',
    send: 'Send',
    sendFiles: 'Send files',
    bytesLeft: (left: number) => `${left} bytes left`,
    bytesOver: (over: number, limit: string) => `${over} bytes over the limit of ${limit}`,
    outboxFull: 'Too many messages are waiting; try again when the connection is back',
    screenshot: 'Screenshot',
    dropHere: 'Drop to send',
    dropHint: 'Files and folders',
    emptyFolder: 'There is no file to send',
    tooManyFiles: (limit: number) => `At most ${limit} files at once; the rest was not sent`,
    unreadable: (count: number) => `${count} files could not be read and were not sent`,
  },
);
