/** The messages of the demo people. */
export const direct = [
  {
    from: 'maya',
    message: 'Hi Tomas! Did you see the note on the board? The council said yes to the corner lot.',
  },
  { from: 'tomas', message: 'Wait, really? The one behind the library?' },
  {
    from: 'maya',
    message: 'That one. Ours for three years, one euro a year, and we have to keep the fence in shape.',
  },
  {
    from: 'tomas',
    message: 'I walked past it on Sunday. It is mostly nettles and one very confident shopping trolley.',
  },
  { from: 'maya', message: 'The trolley stays. It is our first member.' },
  { from: 'tomas', message: 'Fine, but it pays the fee like everybody else.' },
  { from: 'maya', message: 'So, do we actually do this? You and me to start with?' },
  {
    from: 'tomas',
    message:
      'I am in. I have been growing tomatoes on a window sill since 2019, I am ready for the big league.',
  },
  { from: 'maya', message: 'How many tomatoes was that, in total?' },
  { from: 'tomas', message: 'Eleven. One of them was excellent.' },
  { from: 'maya', message: 'I will put you in charge of hope, then. I can do lists.' },
  { from: 'tomas', message: 'You always do lists. What is on the first one?' },
  { from: 'maya', message: 'Soil, water, tools, people, money. In that order.' },
  { from: 'tomas', message: 'Soil first? I would have said people.' },
  {
    from: 'maya',
    message: 'If the soil is bad there is nothing for the people to do but stand around and be cold.',
  },
  { from: 'tomas', message: "Fair. It used to be a car park, didn't it?" },
  {
    from: 'maya',
    message: 'Part of it. The half near the street. My neighbour remembers a small workshop there too.',
  },
  { from: 'tomas', message: 'Then we should test for lead before anybody eats a carrot out of it.' },
  {
    from: 'maya',
    message: 'There is a lab at the university that does it for allotments. Forty euros a sample.',
  },
  { from: 'tomas', message: 'Two samples then, one from each half?' },
  { from: 'maya', message: 'Three. One where the workshop was.' },
  { from: 'tomas', message: 'Okay, three. I can dig those on Thursday after work.' },
  { from: 'maya', message: 'Twenty centimetres down, a clean jar for each, and write the spot on the lid.' },
  { from: 'tomas', message: 'You have done this before.' },
  { from: 'maya', message: 'No, I have read a leaflet. Twice.' },
  { from: 'tomas', message: 'Same thing. And if the street side comes back bad?' },
  {
    from: 'maya',
    message: 'Raised beds with bought soil on that side, straight into the ground on the other.',
  },
  { from: 'tomas', message: 'I like raised beds anyway. My knees like them even more.' },
  {
    from: 'maya',
    message: 'Ines has a stack of old scaffolding boards. She offered them last year for my balcony.',
  },
  { from: 'tomas', message: 'Your balcony is two metres wide.' },
  { from: 'maya', message: 'She is an optimist.' },
  { from: 'tomas', message: 'Are they treated with anything?' },
  { from: 'maya', message: 'Plain larch, she says. I will ask again, because that matters.' },
  { from: 'tomas', message: 'How many boards?' },
  { from: 'maya', message: 'She said "more than you want", which from her can mean six or sixty.' },
  { from: 'tomas', message: "Let's draw it before we count. I have squared paper somewhere." },
  { from: 'maya', message: 'The plan on the lease says eighteen metres by twenty-two.' },
  { from: 'tomas', message: 'That is bigger than it looks. It must be the nettles closing in.' },
  {
    from: 'maya',
    message: 'Eight beds of one metre twenty by three, with paths you can get a wheelbarrow through?',
  },
  {
    from: 'tomas',
    message:
      'One metre twenty is right, you can reach the middle from both sides. Paths at least eighty wide.',
  },
  {
    from: 'maya',
    message:
      'One of the paths should be wider. Mr Haas from number nine uses a wheelchair and already asked me about beans.',
  },
  { from: 'tomas', message: 'Then one metre twenty for the main path too, and one bed at table height.' },
  { from: 'maya', message: 'Good. Table height, with room underneath. I will find out the measures.' },
  { from: 'tomas', message: 'Where does the water come from?' },
  { from: 'maya', message: 'That is the weak spot. The hydrant on the corner is not for us.' },
  { from: 'tomas', message: 'The library has a big roof.' },
  { from: 'maya', message: 'And a gutter that ends in a broken pipe on our side, yes!' },
  { from: 'tomas', message: 'Two rain barrels? Three?' },
  {
    from: 'maya',
    message: 'I did the sum. In a normal summer that roof gives us about nine hundred litres a week.',
  },
  { from: 'tomas', message: 'And a dry summer?' },
  {
    from: 'maya',
    message:
      "Then we carry cans from the tap in the library's cellar. Mrs Brandt said we may, if we don't drip on the atlases.",
  },
  { from: 'tomas', message: 'I would never drip on an atlas.' },
  { from: 'maya', message: 'I told her that. She looked at me for a while.' },
  {
    from: 'tomas',
    message: 'IBC tanks are cheaper than barrels, by the way. A thousand litres, sixty euros, second-hand.',
  },
  { from: 'maya', message: 'They are ugly, though.' },
  { from: 'tomas', message: 'So paint it. Or grow something up it. Hops!' },
  { from: 'maya', message: 'Hops would eat the tank, the fence and the library.' },
  { from: 'tomas', message: 'Clematis, then.' },
  { from: 'maya', message: 'Sold. You look for a tank, but only one that held food.' },
  {
    from: 'tomas',
    message: 'There is one on the classifieds that held apple juice. It may still smell of victory.',
  },
  { from: 'maya', message: 'Ask him to keep it until Saturday.' },
  { from: 'tomas', message: 'Done. He says Saturday is fine and that it comes with a tap.' },
  { from: 'maya', message: 'Perfect. Tools: I have two spades, a fork and a rake with five teeth left.' },
  { from: 'tomas', message: 'I have a wheelbarrow with a flat tyre and a very good pair of gloves.' },
  {
    from: 'maya',
    message: 'Raj has a proper shed full. He was asking whether he could come by with his daughters.',
  },
  { from: 'tomas', message: 'How old are they?' },
  { from: 'maya', message: 'Seven and nine. They want to grow pumpkins "bigger than the dog".' },
  { from: 'tomas', message: 'How big is the dog?' },
  { from: 'maya', message: 'It is a dachshund, so we have a chance.' },
  {
    from: 'tomas',
    message: 'Give them the sunny bed by the south wall. Pumpkins want the compost heap, really.',
  },
  { from: 'maya', message: 'Then the compost goes next to that bed. Three boxes: fresh, turning, ready.' },
  { from: 'tomas', message: 'Who turns it? That is where my last shared garden fell apart.' },
  { from: 'maya', message: 'We make a rota. Two people a week, names on the shed door.' },
  { from: 'tomas', message: 'We have no shed.' },
  { from: 'maya', message: 'Names on the trolley.' },
  { from: 'tomas', message: 'See, it earns its place already.' },
  {
    from: 'maya',
    message: 'Money. The city has a small fund, up to five hundred euros, and the form is only two pages.',
  },
  { from: 'tomas', message: 'What would we write? That we hope?' },
  {
    from: 'maya',
    message:
      'That we are eight households, that it is open to the neighbourhood on Saturdays, and that children learn where beans come from.',
  },
  { from: 'tomas', message: 'Are we eight households?' },
  { from: 'maya', message: 'We are five. I have until the end of the month.' },
  { from: 'tomas', message: 'Put up a notice at the bakery. Everybody reads the bakery door.' },
  {
    from: 'maya',
    message:
      'I wrote one this morning. "Garden looking for people. Experience not needed, boots recommended."',
  },
  { from: 'tomas', message: 'That is really good. Add that there will be soup.' },
  { from: 'maya', message: 'Will there be soup?' },
  { from: 'tomas', message: 'There is always soup if I am involved. Leek and potato, a big pot.' },
  {
    from: 'maya',
    message: 'Then the first Saturday in March: clearing day. We need thick sacks for the nettles.',
  },
  { from: 'tomas', message: 'And somebody with a permit for the dump. My brother-in-law has a trailer.' },
  { from: 'maya', message: 'Could he come at noon? By then there should be something to take away.' },
  { from: 'tomas', message: 'I asked, he can. He wants to be paid in soup.' },
  { from: 'maya', message: 'Everyone wants to be paid in soup. You had better make two pots.' },
  {
    from: 'tomas',
    message:
      'News: the lab wrote. Street side is over the limit for lead, the back is clean, and the workshop corner is only just fine.',
  },
  {
    from: 'maya',
    message: 'So raised beds at the street, as planned, and flowers in the workshop corner to be safe.',
  },
  {
    from: 'tomas',
    message: 'Sunflowers. A whole row, so that people see from the tram that something is happening.',
  },
  { from: 'maya', message: "I like that. I will put it in the application, with the lab's sheet." },
  {
    from: 'tomas',
    message: 'And Ines counted her boards: thirty-four, plain larch, she swears on her grandmother.',
  },
  { from: 'maya', message: 'Thirty-four is five beds and a bench.' },
  { from: 'tomas', message: 'A bench! I had not dared to put one on the list.' },
  { from: 'maya', message: 'Saturday at nine, then? I bring sacks, the drawing and a thermos.' },
  { from: 'tomas', message: 'Saturday at nine. I bring gloves, two pots of soup, and hope, as instructed.' },
];

export const group = {
  title: 'Corner garden',
  messages: [
    {
      from: 'maya',
      message: 'Welcome, everybody! This is the place for garden news, rotas and lost gloves.',
    },
    {
      from: 'raj',
      message:
        'Thank you, Maya. My daughters ask whether the pumpkins have arrived. They have been told that pumpkins are seeds at first.',
    },
    {
      from: 'ines',
      message:
        'I can bring the boards on Friday evening if somebody helps me to unload. They are longer than my car.',
    },
    { from: 'tomas', message: "I will be there. Six o'clock?" },
    { from: 'ines', message: 'Six is good. Bring the gloves you are so proud of.' },
    { from: 'raj', message: 'And I bring the drill, the long screws and two helpers of limited height.' },
    {
      from: 'maya',
      message: 'Then Saturday at nine at the corner gate. Boots recommended, soup guaranteed.',
    },
  ],
};
