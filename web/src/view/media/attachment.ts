// 一条文件消息里的附件: 图片, 音频, 视频, 或一张卡片
import type { FileBroadcast } from '../../../../src/protocol/messages.js';
import { h } from '../dom.js';

export function createAttachment(file: FileBroadcast, _openImage: (fileId: string) => void): HTMLElement {
  return h('div', { class: 'attachment' }, file.originalName);
}
