import type { DemoConversation } from './conversation.ts';

export const cornerGarden: DemoConversation = {
  name: 'group',
  title: 'Corner garden',
  people: [
    ...['maya', 'tomas', 'ines', 'raj', 'amara', 'bui.ha', 'itzel', 'lea'],
    ...['leyla', 'oleksandr', 'yuki', 'zanele'],
  ],
  unread: { maya: 3, raj: 5 },
  sittings: [
    {
      daysAgo: 20,
      at: '18:05',
      said: [
        ['maya', 'Welcome, everybody! This is the place for garden news, rotas and lost gloves.'],
        [
          'raj',
          'Thank you, Maya. My daughters ask whether the pumpkins have arrived. They have been told that pumpkins are seeds at first.',
        ],
        [
          'ines',
          'I can bring the boards on Friday evening if somebody helps me to unload. They are longer than my car.',
        ],
        ['tomas', "I will be there. Six o'clock?"],
        ['ines', 'Six is good. Bring the gloves you are so proud of.'],
        ['raj', 'And I bring the drill, the long screws and two helpers of limited height.'],
        ['maya', 'Then Saturday at nine at the corner gate. Boots recommended, soup guaranteed.'],
      ],
    },
    {
      daysAgo: 16,
      at: '10:31',
      said: [
        ['amara', 'I found the gloves. Whose are the ones with the little foxes?'],
        ['lea', 'Mine! They are load-bearing gloves.'],
        ['bui.ha', 'Photo or they did not happen 🦊'],
        ['zanele', 'I can confirm the foxes.'],
        [
          'itzel',
          'Does anybody mind if I plant *cempasúchil* along the path? They keep the beetles away, and they are orange.',
        ],
        ['maya', 'Nobody minds orange.'],
      ],
    },
    {
      daysAgo: 9,
      at: '08:47',
      said: [
        ['tomas', 'The tank is here. It smells of apple juice, as promised.'],
        ['zanele', 'How does one get a thousand litres over a fence?'],
        ['tomas', 'Empty.'],
        ['raj', 'Physics wins again.'],
        [
          'lea',
          'The city wants our plan by the end of the month: https://example.org/green-city/fund. I can write it in the tone they like.',
        ],
        ['maya', 'Yes please. You have the gift.'],
      ],
    },
    {
      daysAgo: 2,
      at: '16:10',
      said: [
        ['amara', 'Frost on Thursday night, minus three. Who has fleece?'],
        ['ines', 'Two rolls under my bed. Do not ask.'],
        ['yuki', 'I will cover the seedlings before work.'],
      ],
    },
    {
      minutesAgo: 118,
      said: [
        [
          'maya',
          'For Saturday:\n\n1. **Nettles** first, while it is dry\n2. Beds two and three: boards, screws, soil\n3. *Soup at one*, whatever happens',
        ],
        ['bui.ha', 'Can I bring my mother? She has opinions about lemongrass.'],
        ['maya', 'Opinions are on the list of tools.'],
        ['zanele', '> Soup at one, whatever happens\n\nThis is the constitution now.'],
        ['amara', '🥣❤️'],
        ['itzel', 'I bring tortillas, then nobody can say that soup is not a meal.'],
      ],
    },
  ],
};

const reading = `\`\`\`python
def is_thirsty(readings, threshold=0.32):
    """Dry three times in a row: one loose wire waters nothing."""
    return len(readings) >= 3 and max(readings[-3:]) < threshold
\`\`\``;

const query = `\`\`\`sql
select bed, avg(moisture) as moisture
from readings
where taken_at > now() - interval '1 day'
group by bed
order by moisture; -- the thirstiest first
\`\`\``;

export const sensorClub: DemoConversation = {
  name: 'sensor-club',
  title: 'Sensor club',
  people: ['minjun', 'maya', 'raj', 'lea'],
  unread: { maya: 2 },
  sittings: [
    {
      daysAgo: 15,
      at: '17:20',
      said: [
        ['minjun', 'Six moisture sensors have come. They cost less than the postage.'],
        ['raj', 'My daughters want to know whether the plants can text us.'],
        ['minjun', '다음 주에는 가능해요. Next week they can.'],
        ['lea', 'Please let mine be polite.'],
      ],
    },
    {
      daysAgo: 7,
      at: '15:48',
      said: [
        ['minjun', `First version. It only says *thirsty* if it means it:\n\n${reading}`],
        ['maya', 'I understand the comment, and that is the part I like.'],
        ['raj', 'Why `0.32`?'],
        ['minjun', 'I asked the beans.'],
      ],
    },
    {
      minutesAgo: 31,
      said: [
        ['raj', `And this is what the tap looks at in the morning:\n\n${query}`],
        ['minjun', 'Looks right. ~~Bed five~~ Bed *four* is always the driest, it has the good sun.'],
      ],
    },
  ],
};

export const sundaySoup: DemoConversation = {
  name: 'sunday-soup',
  title: 'Sunday soup 🍲',
  people: ['zanele', 'maya', 'ines', 'tomas', 'sione', 'itzel'],
  unread: { maya: 6 },
  mutedBy: ['maya'],
  sittings: [
    {
      daysAgo: 24,
      at: '11:00',
      said: [
        ['zanele', 'One pot, one table, every second Sunday. Whoever cooks may choose the music.'],
        ['sione', 'Then I cook first.'],
        ['ines', 'We will have ukulele with the caldo verde, I see it coming.'],
        ['sione', 'You say it as if it were a threat 😄'],
      ],
    },
    {
      daysAgo: 11,
      at: '13:37',
      said: [
        ['itzel', 'Pozole on Sunday? I need the very big pot.'],
        ['tomas', 'The very big pot is at my place, under the smaller very big pot.'],
        ['zanele', 'We are people with pots. It is who we are.'],
      ],
    },
    {
      daysAgo: 1,
      at: '12:14',
      said: [
        ['sione', 'Who is in this week? I count bowls.'],
        ['itzel', '✋'],
        ['zanele', '✋✋ (my sister)'],
        ['sione', 'And the coconut one or the lentil one?'],
        ['itzel', 'Coconut!'],
        ['zanele', 'Coconut. Lentils are for Mondays.'],
      ],
    },
  ],
};
