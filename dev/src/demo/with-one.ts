import type { DemoConversation } from './conversation.ts';

export const withYuki: DemoConversation = {
  name: 'maya-yuki',
  people: ['maya', 'yuki'],
  unread: { maya: 1 },
  sittings: [
    {
      daysAgo: 17,
      at: '10:12',
      said: [
        ['yuki', 'はじめまして、ゆきです。図書館の掲示板で庭のことを知りました 🌱'],
        ['maya', 'はじめまして! My Japanese ends about here, sorry. Welcome!'],
        ['yuki', 'It is a very good beginning. 大丈夫、I can do both.'],
        ['yuki', 'Do you have room for *shiso*? My grandmother sent seeds.'],
        ['maya', 'We have a corner with half a day of shade. Would it like that?'],
        ['yuki', 'It would love that. 半日陰がいちばん好きです。'],
      ],
    },
    {
      daysAgo: 5,
      at: '15:30',
      said: [
        ['maya', 'The shiso is up! Eleven of them, if I count right.'],
        ['yuki', 'やった!🎉'],
        ['yuki', 'Pinch the tips when they are this high, then they grow wide.'],
      ],
    },
    {
      minutesAgo: 46,
      said: [
        ['maya', 'What do I cook with it first?'],
        [
          'yuki',
          '天ぷら is the best. Cold water, little flour, *do not stir much*. 土曜日に一緒に作りましょう 🍤',
        ],
      ],
    },
  ],
};

export const withLeyla: DemoConversation = {
  name: 'maya-leyla',
  people: ['leyla', 'maya'],
  sittings: [
    {
      daysAgo: 21,
      at: '14:02',
      said: [
        ['leyla', 'مرحبا مايا! هل ما زال هناك مكان في الحديقة؟'],
        ['maya', 'Hello Leyla! Yes, half a bed by the fence. Sun from ten to four.'],
        ['leyla', 'رائع. أريد أن أزرع النعناع والبقدونس.'],
        ['maya', 'Mint only in a pot, please, or we will all live in it by June.'],
        ['leyla', 'هههه، معك حق. في أصيص إذن 🌿'],
      ],
    },
    {
      daysAgo: 1,
      at: '16:41',
      said: [
        ['leyla', 'My brother has two big clay pots for us. Shall I bring them on Saturday?'],
        ['maya', 'Please! Is there a recipe that comes with them?'],
        ['leyla', 'تبولة. الكثير من البقدونس والقليل من البرغل، وليس العكس!'],
      ],
    },
  ],
};

export const withOleksandr: DemoConversation = {
  name: 'maya-oleksandr',
  people: ['maya', 'oleksandr'],
  sittings: [
    {
      daysAgo: 12,
      at: '09:18',
      said: [
        ['oleksandr', 'Добрий день! Це Олександр, з майстерні на розі.'],
        ['oleksandr', 'I read that the garden needs a gate. I weld, and I have scrap.'],
        ['maya', 'You are the best news of this week. What would you need from us?'],
        ['oleksandr', 'Width, height, and which way it opens.'],
        ['maya', '**1.20 m** wide, **1.60 m** high, opens to the inside. A wheelchair has to get through.'],
      ],
    },
    {
      daysAgo: 3,
      at: '11:56',
      said: [
        ['oleksandr', 'The drawing: https://example.org/gate/drawing-2.pdf'],
        ['maya', 'Are those beans on top?'],
        ['oleksandr', 'Так. Квасоля із заліза. They never freeze.'],
        ['maya', 'I have shown it to everybody who could not run away.'],
        ['oleksandr', 'Дякую 🙂 In two weeks it hangs.'],
      ],
    },
  ],
};

export const withInes: DemoConversation = {
  name: 'maya-ines',
  people: ['maya', 'ines'],
  sittings: [
    {
      daysAgo: 8,
      at: '13:22',
      said: [
        ['ines', 'Guess who has sawdust in her coffee.'],
        ['maya', 'How many boards are left?'],
        ['ines', 'All of them. They are only shorter now.'],
      ],
    },
    {
      daysAgo: 4,
      at: '17:03',
      said: [
        ['ines', 'The bench stands! It wobbles to the left, like its maker.'],
        ['maya', '😍'],
        ['maya', 'Will you be there on Saturday?'],
        ['ines', '🥳🪑'],
      ],
    },
  ],
};
