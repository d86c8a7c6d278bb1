import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { createApplication } from './app.ts';
import './styles.css';
import { App } from './ui/App.tsx';

const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root.');
const application = createApplication();
createRoot(root).render(
  <StrictMode>
    <App application={application} />
  </StrictMode>,
);
void application.start();
