import type { Row } from '../ui/rows.ts';

const day = '2026-11-26T';
const from = (user_uuid: string, display_name: string, handle: string, tone: number) => ({
  user_uuid,
  display_name,
  handle,
  tone,
});
const amara = from('00000000-0000-4000-8000-000000000001', 'Amara Okonkwo', 'amara', 2);
const layla = from('00000000-0000-4000-8000-000000000004', 'ليلى حداد', 'layla', 5);
const me = from('00000000-0000-4000-8000-000000000003', 'Maya Lindqvist', 'maya', 4);

function said(seq: number, who: typeof amara, time: string, message: string, part: Partial<Row> = {}): Row {
  const entry = {
    uuid: `00000000-0000-4000-8000-1000000000${seq}`,
    seq,
    type: 'message' as const,
    message_group_uuid: '00000000-0000-4000-8000-000000000009',
    ...who,
    message,
    created_at: `${day}${time}:00Z`,
  };
  return { key: String(seq), entry, isOwn: who === me, startsGroup: true, endsGroup: true, ...part };
}

function waiting(key: string, state: 'sending' | 'failed', message: string): Row {
  const pending = { key, to: 'g', message, known_seq: 9, order: 1, state, created_at: `${day}09:41:00Z` };
  return { key, pending, isOwn: true, startsGroup: true, endsGroup: true };
}

/** A run of each kind, and each state of a sent message. */
export const conversation: Row[] = [
  said(1, amara, '09:40', 'The keys are with me.', { day, endsGroup: false }),
  said(2, amara, '09:40', 'The boathouse is open from six, and the kettle works again.', {
    startsGroup: false,
    endsGroup: false,
  }),
  said(3, amara, '09:41', 'Who brings cups?', { startsGroup: false }),
  said(4, layla, '09:41', 'صباح الخير! غدًا الساعة 09:30 عند المقهى.', { isFirstNew: true }),
  said(5, me, '09:42', 'I do.', { endsGroup: false }),
  said(6, me, '09:42', 'Twelve, and a spare: https://example.org/cups', { startsGroup: false }),
  said(7, amara, '09:43', ''),
  waiting('sending', 'sending', 'On my way'),
  waiting('offline', 'sending', 'Train is late, start without me'),
  waiting('failed', 'failed', 'Is the door code still 4417?'),
];
