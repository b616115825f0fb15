// 聊天界面的骨架: 顶栏, 左侧在线用户, 中间聊天, 右侧文件; 窄屏上两侧变成抽屉
import { shellTexts } from '../../i18n/shell.js';
import { createComposer } from '../composer/composer.js';
import { createDropZone } from '../dropped/drop-zone.js';
import { createFilesPanel } from '../files/files-panel.js';
import { createBackStack } from '../kit/back-stack.js';
import { h, iconButton, type ViewContext } from '../kit/dom.js';
import { ICONS } from '../kit/icons.js';
import { createLog } from '../log/log-view.js';
import { createLightbox } from '../media/lightbox.js';
import { createPeoplePanel } from '../people/people-panel.js';
import { createSearch } from '../search/search.js';
import { createSettingsMenu } from '../settings/settings-menu.js';
import { startAttention } from '../status/attention.js';
import { createBanner } from '../status/banner.js';
import { createTray } from '../tray/tray.js';
import { createDrawer } from './drawer.js';

export function createShell(context: ViewContext): HTMLElement {
  const texts = shellTexts();
  const back = createBackStack(context.life);
  const lightbox = createLightbox(context);
  const closeImage = (): void => lightbox.element.close();
  const openImage = (fileId: string): void => {
    lightbox.open(fileId);
    // 已经找不到的图片没有打开
    if (lightbox.element.open) back.opened(closeImage);
  };
  lightbox.element.addEventListener('close', () => back.closed(closeImage), { signal: context.life });
  const people = createDrawer('people', createPeoplePanel(context), back, context);
  const files = createDrawer('files', createFilesPanel(context, openImage), back, context);
  const search = createSearch(context, back);
  const openPeople = iconButton(ICONS.people, texts.onlinePanel, 'shell-open-people');
  const openFiles = iconButton(ICONS.folder, texts.filesPanel, 'shell-open-files');
  openPeople.addEventListener('click', () => people.open(openPeople), { signal: context.life });
  openFiles.addEventListener('click', () => files.open(openFiles), { signal: context.life });
  const topbar = h(
    'header',
    { class: 'shell-topbar' },
    h('img', { src: '/favicon.svg', alt: '', width: 28, height: 28 }),
    h('h1', { class: 'shell-brand' }, texts.brand),
    h('span', { class: 'shell-gap' }),
    search.button,
    openPeople,
    openFiles,
    createSettingsMenu(context),
  );
  const chat = h(
    'main',
    { class: 'shell-chat' },
    createBanner(context),
    createLog(context, openImage),
    createTray(context),
    createComposer(context),
  );
  startAttention(context);
  return h(
    'div',
    { class: 'shell' },
    topbar,
    people.element,
    chat,
    files.element,
    search.panel,
    createDropZone(context),
    lightbox.element,
  );
}
