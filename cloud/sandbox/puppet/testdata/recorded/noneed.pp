node /^web/ { }
