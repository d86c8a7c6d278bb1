import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createApplication } from './app.ts';
import { appearance } from './appearance.ts';
import './ui/styles/fonts.css';
import './ui/styles/tokens.css';
import './ui/styles/base.css';
import { App } from './ui/App.tsx';

const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root.');
appearance.apply();
const application = createApplication();
createRoot(root).render(
  <StrictMode>
    <App application={application} />
  </StrictMode>,
);
void application.start();
