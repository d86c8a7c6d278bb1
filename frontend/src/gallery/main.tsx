import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { appearance } from '../appearance.ts';
import '../ui/styles/fonts.css';
import '../ui/styles/tokens.css';
import '../ui/styles/base.css';
import { Gallery } from './Gallery.tsx';

const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root.');

appearance.apply();
// Screenshots are taken of this page, so its fonts must be loaded first.
await document.fonts.load('1em "Wix Madefor Text"');
createRoot(root).render(
  <StrictMode>
    <Gallery />
  </StrictMode>,
);
