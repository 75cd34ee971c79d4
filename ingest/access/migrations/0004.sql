-- Format 4: users whom the city's directory vouches for, and people who see a part of the city.

-- Issuer and subject, by which the directory knows somebody for ever. Whoever has them has no password here: `password` is empty.
ALTER TABLE user ADD COLUMN subject TEXT CHECK ((subject IS NULL) = (password <> ''));
CREATE UNIQUE INDEX user_subject ON user (subject) WHERE subject IS NOT NULL;

-- Whose part of the city somebody sees, as the settings name it; nobody's where they see all of it.
ALTER TABLE user ADD COLUMN tenant TEXT CHECK (tenant IS NULL OR role IN ('contractor', 'officer', 'engineer'));
ALTER TABLE token ADD COLUMN tenant TEXT CHECK (tenant IS NULL OR role IN ('contractor', 'officer', 'engineer'));
