// What the components say, in English and Korean. Knows nothing of components: a text that takes something is a function.

import type { ConnectionState, PendingAction } from '../types.js'

/** Every text that a component shows or has read out. */
export interface Texts {
  /** The state of the connection. */
  state: Record<ConnectionState, string>
  connection: string
  reconnect: string
  /** `count` changes wait for the server. */
  waiting: (count: number) => string
  /** When everything was last up to date, as a time that is written already. */
  lastSynced: (time: string) => string
  /** Where changes are kept until the server has them. */
  storage: Record<'indexeddb' | 'memory', string>

  people: string
  /** How many more there are than are shown. */
  more: (count: number) => string
  away: string
  editing: string

  /** Who types; at least one name. */
  typing: (names: readonly string[]) => string

  syncing: string
  synced: string
  /** Code of an error → what people are told of it; of one that is missing, its message. */
  errors: Readonly<Record<string, string | undefined>>
  /** What one change is about, by the title of its event. */
  action: Record<PendingAction['type'], (title: string) => string>
  /** How many more changes there are than are named. */
  moreChanges: (count: number) => string
  /** `count` changes were given up. */
  failed: (count: number) => string
  retry: string
  discard: string

  /** The heading of the dialog. */
  conflict: (title: string) => string
  conflictExplained: string
  /** Which of how many it is. */
  conflictOf: (number: number, count: number) => string
  /** How many wait, on the button that opens the dialog again. */
  conflictsWait: (count: number) => string
  /** The other side has changed while the dialog was open. */
  conflictChanged: string
  field: string
  mine: string
  theirs: string
  combined: string
  before: string
  keepMine: string
  keepTheirs: string
  save: string
  later: string
  deleted: string
  empty: string
  yes: string
  no: string
  /** Name of a field → what people call it; one that is missing is called by its name. */
  fields: Readonly<Record<string, string | undefined>>
}

const changes = (count: number) => (count === 1 ? '1 change' : `${count} changes`)

export const english: Texts = {
  state: {
    connected: 'Connected',
    connecting: 'Connecting…',
    reconnecting: 'Reconnecting…',
    disconnected: 'Offline',
    error: 'Connection failed',
  },
  connection: 'Connection',
  reconnect: 'Reconnect',
  waiting: (count) => (count === 1 ? '1 change waits to be sent' : `${count} changes wait to be sent`),
  lastSynced: (time) => `Up to date at ${time}`,
  storage: {
    indexeddb: 'Changes are kept on this device until they are sent',
    memory: 'Changes are kept until this page is closed',
  },
  people: 'People here',
  more: (count) => `${count} more`,
  away: 'away',
  editing: 'editing',
  typing: (names) => {
    const [first, second] = names
    if (names.length === 1) return `${first} is typing…`
    return names.length === 2 ? `${first} and ${second} are typing…` : `${names.length} people are typing…`
  },
  syncing: 'Sending changes…',
  synced: 'All changes are saved',
  errors: {
    forbidden: 'You may not change this.',
    already_exists: 'It exists already.',
    not_found: 'Somebody has deleted it.',
    conflict: 'Somebody else has changed it.',
    too_large: 'It is too large.',
    dependency_failed: 'It depends on a change that could not be saved.',
    unauthorized: 'You are not signed in.',
    max_attempts: 'The server could not be reached.',
    wasm_load_failed: 'The page could not be loaded completely.',
  },
  action: {
    create: (title) => `Create “${title}”`,
    update: (title) => `Change “${title}”`,
    delete: (title) => `Delete “${title}”`,
  },
  moreChanges: (count) => `${count} more`,
  failed: (count) => `${changes(count)} could not be saved`,
  retry: 'Try again',
  discard: 'Discard',
  conflict: (title) => `Two versions of “${title}”`,
  conflictExplained: 'You and somebody else changed this event. Choose what it is to be.',
  conflictOf: (number, count) => `${number} of ${count}`,
  conflictsWait: (count) => (count === 1 ? '1 event has two versions' : `${count} events have two versions`),
  conflictChanged: 'The other version has changed meanwhile.',
  field: 'Field',
  mine: 'Yours',
  theirs: 'Theirs',
  combined: 'Both',
  before: 'Before',
  keepMine: 'Keep yours',
  keepTheirs: 'Keep theirs',
  save: 'Save your choice',
  later: 'Decide later',
  deleted: 'Deleted',
  empty: 'Empty',
  yes: 'Yes',
  no: 'No',
  fields: {
    title: 'Title',
    startDate: 'Start',
    endDate: 'End',
    description: 'Description',
    location: 'Location',
    attendees: 'Attendees',
    projectId: 'Project',
    calendarId: 'Calendar',
    allDay: 'All day',
    timeZone: 'Time zone',
    recurrence: 'Repeats',
    color: 'Colour',
  },
}

export const korean: Texts = {
  state: {
    connected: '연결됨',
    connecting: '연결 중…',
    reconnecting: '재연결 중…',
    disconnected: '오프라인',
    error: '연결 실패',
  },
  connection: '연결 상태',
  reconnect: '다시 연결',
  waiting: (count) => `보내지 않은 변경 ${count}건`,
  lastSynced: (time) => `${time}에 동기화됨`,
  storage: {
    indexeddb: '변경 사항은 보낼 때까지 이 기기에 보관됩니다',
    memory: '변경 사항은 이 페이지를 닫을 때까지만 보관됩니다',
  },
  people: '함께 보는 사람',
  more: (count) => `외 ${count}명`,
  away: '자리 비움',
  editing: '편집 중',
  typing: (names) => {
    if (names.length > 2) return `${names.length}명이 입력 중…`
    return `${names.map((name) => `${name}님`).join(', ')}이 입력 중…`
  },
  syncing: '변경 사항을 보내는 중…',
  synced: '모든 변경 사항이 저장되었습니다',
  errors: {
    forbidden: '변경할 권한이 없습니다.',
    already_exists: '이미 존재합니다.',
    not_found: '다른 사람이 삭제했습니다.',
    conflict: '다른 사람이 먼저 변경했습니다.',
    too_large: '내용이 너무 큽니다.',
    dependency_failed: '저장하지 못한 변경에 이어지는 변경입니다.',
    unauthorized: '로그인되어 있지 않습니다.',
    max_attempts: '서버에 연결할 수 없습니다.',
    wasm_load_failed: '페이지를 완전히 불러오지 못했습니다.',
  },
  action: {
    create: (title) => `“${title}” 만들기`,
    update: (title) => `“${title}” 수정`,
    delete: (title) => `“${title}” 삭제`,
  },
  moreChanges: (count) => `외 ${count}건`,
  failed: (count) => `변경 ${count}건을 저장하지 못했습니다`,
  retry: '다시 시도',
  discard: '버리기',
  conflict: (title) => `“${title}”의 두 가지 버전`,
  conflictExplained: '다른 사람도 이 일정을 변경했습니다. 어떻게 저장할지 선택하세요.',
  conflictOf: (number, count) => `${count}건 중 ${number}번째`,
  conflictsWait: (count) => `버전이 두 가지인 일정 ${count}건`,
  conflictChanged: '그 사이 상대방의 버전이 바뀌었습니다.',
  field: '항목',
  mine: '내 버전',
  theirs: '상대방 버전',
  combined: '둘 다',
  before: '변경 전',
  keepMine: '내 버전 유지',
  keepTheirs: '상대방 버전 유지',
  save: '선택한 대로 저장',
  later: '나중에 결정',
  deleted: '삭제됨',
  empty: '비어 있음',
  yes: '예',
  no: '아니요',
  fields: {
    title: '제목',
    startDate: '시작',
    endDate: '종료',
    description: '설명',
    location: '장소',
    attendees: '참석자',
    projectId: '프로젝트',
    calendarId: '캘린더',
    allDay: '종일',
    timeZone: '시간대',
    recurrence: '반복',
    color: '색상',
  },
}

/** Some of the texts: of those that are records, some of their entries. */
export type SomeTexts = {
  readonly [Name in keyof Texts]?: Texts[Name] extends object
    ? Texts[Name] extends (...given: never[]) => string
      ? Texts[Name]
      : Partial<Texts[Name]>
    : Texts[Name]
}

/** The texts of a language, some of them replaced. Languages other than Korean get the English ones. */
export function textsOf(locale: string, replaced: SomeTexts | undefined): Texts {
  const texts = /^ko\b/i.test(locale) ? korean : english
  if (replaced === undefined) return texts
  return {
    ...texts,
    ...replaced,
    state: { ...texts.state, ...replaced.state },
    storage: { ...texts.storage, ...replaced.storage },
    action: { ...texts.action, ...replaced.action },
    fields: { ...texts.fields, ...replaced.fields },
    errors: { ...texts.errors, ...replaced.errors },
  }
}
