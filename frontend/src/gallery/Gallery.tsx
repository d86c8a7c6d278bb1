import { Archive, CloudOff, Download, Info, Pencil, Settings, SquarePen, Trash2, Users } from 'lucide';
import { type ReactNode, useState } from 'react';
import { AppearanceSettings } from '../ui/AppearanceSettings.tsx';
import { Avatar } from '../ui/components/Avatar.tsx';
import { Badge } from '../ui/components/Badge.tsx';
import { Brand } from '../ui/components/Brand.tsx';
import { Button, IconButton } from '../ui/components/Button.tsx';
import { Chip, Tag } from '../ui/components/Chip.tsx';
import { Dialog } from '../ui/components/Dialog.tsx';
import { EmptyView } from '../ui/components/EmptyView.tsx';
import { Field } from '../ui/components/Field.tsx';
import { Menu } from '../ui/components/Menu.tsx';
import { Skeleton } from '../ui/components/Skeleton.tsx';
import { Switch } from '../ui/components/Switch.tsx';
import { Toast } from '../ui/components/Toast.tsx';
import './Gallery.css';
import { MessageRow } from '../ui/MessageRow.tsx';
import { conversation } from './sample.ts';

const surfaces = [
  ...['frame', 'frame-hover', 'sheet', 'raised', 'well', 'bubble-other', 'bubble-own', 'accent'],
  ...['accent-soft', 'signal', 'signal-soft', 'danger', 'danger-soft', 'online'],
];
const people = ['Amara Okonkwo', 'Layla Haddad', 'Łukasz Wiśniewski', '中村 陽斗', 'Inês Duarte'];
const morePeople = ['Олександр Коваленко', 'Nguyễn Thị Hương', 'Tomas Okafor', 'Zoë 🏳️‍🌈', 'Raj Patel'];
const nothing = () => {};

/** Shows every component, for development and for the stored pictures. */
export const Gallery = () => (
  <main className="gallery">
    <h1>
      <Brand />
    </h1>
    <Part title="Appearance">
      <div className="card">
        <AppearanceSettings />
      </div>
    </Part>
    <Part title="Roles">
      <ul className="swatches">
        {surfaces.map((name) => (
          <li key={name}>
            <i style={{ background: `var(--${name})` }} />
            {name}
          </li>
        ))}
      </ul>
    </Part>
    <Part title="Faces and badges">
      <div className="wrap">
        {[...people, ...morePeople].map((name, index) => (
          <Avatar key={name} name={name} tone={index + 1} isOnline={index % 3 === 0} />
        ))}
        <Avatar name="Corner garden" tone={6} isGroup />
        <Avatar name="Book swap" tone={2} isGroup size="large" />
        <Badge count={2} />
        <Badge count={120} />
        <Badge count={23} isMuted />
      </div>
    </Part>
    <Part title="Buttons and chips">
      <div className="wrap">
        <Button kind="primary">Create group</Button>
        <Button kind="quiet" icon={Users}>
          Create a group instead
        </Button>
        <Button icon={Download}>Download my data</Button>
        <Button kind="danger">Delete</Button>
        <Button kind="danger-text">Leave the group</Button>
        <Button disabled>Rename</Button>
        <Button kind="link">Forgot password</Button>
        <IconButton label="New conversation" icon={SquarePen} />
        <IconButton label="Settings" icon={Settings} aria-pressed />
        <Tag text="Admin" />
        <Chip text="Tomas Okafor" label="Remove Tomas Okafor" onRemove={nothing} />
        <Menu
          label="Change Raj Patel"
          items={[
            { text: 'Rename', icon: Pencil, onSelect: nothing },
            { text: 'Delete', icon: Trash2, isDanger: true, onSelect: nothing },
          ]}
        />
      </div>
    </Part>
    <Part title="Fields">
      <Fields />
    </Part>
    <Part title="Messages">
      <div className="card messages-sample">
        {conversation.map((row) => (
          <MessageRow
            key={row.key}
            row={row}
            isGroup
            showsHandle={false}
            isStart={false}
            receipt={row.key === '6' ? { text: 'Seen by 4', isSeen: true } : undefined}
            total={conversation.length}
            isOffline={row.key === 'offline'}
            onRetry={nothing}
            onDiscard={nothing}
          />
        ))}
      </div>
    </Part>
    <Part title="Toasts">
      <Toast
        icon={Archive}
        text="Corner garden is hidden until the next message."
        action="Undo"
        onAction={nothing}
      />
      <Toast
        icon={CloudOff}
        text="You are offline. New messages will follow."
        action="Try now"
        onAction={nothing}
      />
      <Toast
        icon={Info}
        text="This browser stores nothing for this page now."
        action="OK"
        onAction={nothing}
      />
    </Part>
    <Part title="Empty and loading">
      <div className="card flat">
        <EmptyView hasPicture title="Say hello to someone">
          <p>No conversations yet.</p>
          <Button kind="primary">Find people</Button>
        </EmptyView>
      </div>
      <div className="card flat">
        <Skeleton of="messages" label="Loading …" />
      </div>
      <div className="card flat">
        <Skeleton of="rows" label="Loading …" />
      </div>
    </Part>
    <Part title="Dialogs">
      <Dialogs />
    </Part>
  </main>
);

const Part = ({ title, children }: { title: string; children: ReactNode }) => (
  <section className="part">
    <h2>{title}</h2>
    {children}
  </section>
);

function Fields() {
  const [name, setName] = useState('Zoë Nguyễn');
  const [isOn, setOn] = useState(true);
  return (
    <div className="card">
      <Field label="Name" value={name} onChange={setName} hint="Others see it." />
      <Field label="Handle" value="zoe" onChange={nothing} status="" problem="@zoe is taken." />
      <Switch label="Mute" hint="No notifications." isOn={isOn} onChange={() => setOn(!isOn)} />
    </div>
  );
}

function Dialogs() {
  const [open, setOpen] = useState<'middle' | 'side'>();
  const close = () => setOpen(undefined);
  return (
    <div className="wrap">
      <Button onClick={() => setOpen('middle')}>In the middle</Button>
      <Button onClick={() => setOpen('side')}>From the side</Button>
      {open && (
        <Dialog title="Remove Raj Patel?" place={open} onClose={close}>
          <p>@raj can no longer read or write in this group. An admin can add them again.</p>
          <div className="ends">
            <Button data-focus onClick={close}>
              Cancel
            </Button>
            <Button kind="danger" onClick={close}>
              Remove
            </Button>
          </div>
        </Dialog>
      )}
    </div>
  );
}
