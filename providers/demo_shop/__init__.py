"""«Світлиця», a small shop of clothes that a newcomer can buy from: goods, documents, persona and pictures."""
